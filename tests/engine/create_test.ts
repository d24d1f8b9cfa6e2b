import { assertEquals, assertRejects } from "@std/assert";
import { createEngine } from "../../lib/engine/create.ts";
import { parameterLayout } from "../../lib/model/layout.ts";

const spec = { vocabulary: 3, embedding: 2, hidden: 2, classes: 2, lstmBiases: 1 } as const;
const needs = { spec, layout: parameterLayout(spec), adam: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } };

Deno.test("createEngine() makes the engine that is named", async () => {
  const engine = await createEngine({ engine: "tfjs", backend: "cpu", ...needs });
  assertEquals(engine.name, "tfjs/cpu");
  engine.dispose();
});

Deno.test("createEngine() names an engine that does not exist", async () => {
  const unknown: { engine: "tfjs" } = JSON.parse(`{"engine": "abacus"}`);
  await assertRejects(() => createEngine({ backend: "cpu", ...needs, ...unknown }), RangeError, `called "abacus"`);
});
