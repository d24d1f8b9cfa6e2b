import type { Engine } from "./contract.ts";
import type { TfjsOptions } from "./tfjs.ts";

/** An engine's name and what that engine needs. */
export type EngineOptions = { readonly engine: "tfjs" } & TfjsOptions;

/** The engine that `options` name. Loads only that one. Throws a RangeError if there is no such engine. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  switch (options.engine) {
    case "tfjs": {
      const { createTfjsEngine } = await import("./tfjs.ts");
      return await createTfjsEngine(options);
    }
    default: {
      const unknown: never = options.engine;
      throw new RangeError(`No engine is called "${unknown}": expected tfjs`);
    }
  }
}
