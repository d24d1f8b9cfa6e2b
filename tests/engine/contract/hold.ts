/** Tests the contract of engines for weights that do not change between calls. */
import { assertEquals } from "@std/assert";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { example } from "./example.ts";
import { type MakeEngine, withEngine } from "./with_engine.ts";

const SPEC: ModelSpec = { ...ONE_LAYER, vocabulary: 7, embedding: 3, hidden: 5, classes: 3, lstmBiases: 2 };

export function engineHoldContract(name: string, make: MakeEngine): void {
  Deno.test(`${name}: hold() changes no bits, and weights held no longer, or anew, are read again`, async () => {
    const { weights, batch, ...needs } = example(SPEC, 3, 4);
    const changed = weights.map((weight) => weight / 2);
    await withEngine(make, needs, (engine) => {
      const all = (values: Float32Array) => {
        const out = new Float32Array(needs.layout.size);
        const metrics = engine.gradients(values, batch, out, 0);
        return [metrics, out, engine.predict(values, batch), engine.evaluate(values, batch)];
      };
      const [expected, ofChanged] = [all(weights), all(changed)];
      const own = weights.slice();
      engine.hold(own);
      for (let call = 0; call < 3; call++) assertEquals(all(own), expected);
      own.set(changed);
      engine.hold(own);
      for (let call = 0; call < 2; call++) assertEquals(all(own), ofChanged);
      engine.hold();
      own.set(weights);
      assertEquals(all(own), expected);
      own.set(changed);
      assertEquals(all(own), ofChanged);
    });
  });
}
