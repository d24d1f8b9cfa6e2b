import type { Engine } from "../../../lib/engine/contract.ts";
import type { EngineNeeds } from "./example.ts";

export type MakeEngine = (needs: EngineNeeds) => Promise<Engine>;

/** Calls `use` with a new engine. */
export async function withEngine<T>(make: MakeEngine, needs: EngineNeeds, use: (engine: Engine) => T): Promise<T> {
  return use(await make(needs));
}
