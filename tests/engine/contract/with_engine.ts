import type { Engine } from "../../../lib/engine/contract.ts";
import type { EngineNeeds } from "./example.ts";

export type MakeEngine = (needs: EngineNeeds) => Promise<Engine>;

/** Calls `use` with an engine that is given back afterwards. */
export async function withEngine<T>(make: MakeEngine, needs: EngineNeeds, use: (engine: Engine) => T): Promise<T> {
  const engine = await make(needs);
  try {
    return use(engine);
  } finally {
    engine.dispose();
  }
}
