import { adamConstants } from "../../lib/engine/adam.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { createEngine, engineScratchBytes } from "../../lib/engine/create_engine.ts";
import { createWorkspace } from "../../lib/engine/workspace.ts";
import { parameterLayout } from "../../lib/model/layout.ts";
import { ONE_LAYER } from "../model/one_layer.ts";

const spec = { vocabulary: 3, embedding: 2, hidden: 2, classes: 2, lstmBiases: 1, ...ONE_LAYER } as const;
const needs = { spec, layout: parameterLayout(spec), adam: adamConstants(1e-8) };
const sizes = { maxBatch: 4, maxLength: 3 };

Deno.test("createEngine() creates the engine that the options name", async () => {
  for (const [engine, name] of [["tfjs", "tfjs/cpu"], ["simd", "simd/wasm"]] as const) {
    const options = { engine, backend: "cpu", ...needs, ...sizes } as const;
    const byteLength = engineScratchBytes(options);
    const pages = 1 + Math.ceil(byteLength / 65_536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const made = await createEngine(options, { memory, scratch: { byteOffset: 0, byteLength } });
    assertEquals(made.name, name);
  }
});

Deno.test("createWorkspace() has the requested room, and throws when it is used up", async () => {
  const options = { engine: "simd", backend: "cpu", ...needs, ...sizes } as const;
  const { engine, floats, batch } = await createWorkspace(options, { floats: needs.layout.size, batches: 1 });
  const weights = floats(new Float32Array(needs.layout.size).fill(0.5));
  const rows = batch(4, 3);
  rows.lengths.fill(3);
  assertEquals(engine.predict(weights, rows).length, 8);
  assertThrows(() => floats(1e6), RangeError, "no room for 4000000 more bytes");
});
