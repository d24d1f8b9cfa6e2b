/** Tests the contract of engines for sequences with several labels, or with none. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Engine } from "../../../lib/engine/contract.ts";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { assertClose } from "../close.ts";
import { finiteDifferences, plainLossSum, plainProbabilities } from "../plain_lstm.ts";
import { type EngineNeeds, example, setLabels } from "./example.ts";
import { type MakeEngine, withEngine as withMade } from "./with_engine.ts";

const MANY: ModelSpec = {
  ...ONE_LAYER,
  ...{ vocabulary: 7, embedding: 3, hidden: 5, classes: 10, lstmBiases: 1, labels: "many" },
};

export function engineLabelsContract(name: string, makeEngine: MakeEngine): void {
  const withEngine = (needs: EngineNeeds, use: (engine: Engine) => void) => withMade(makeEngine, needs, use);

  for (const [classes, size, length] of [[1, 3, 3], [10, 4, 3], [2, 5, 2], [300, 2, 2]] as const) {
    Deno.test(`${name}: gradients() of several labels of ${classes} equals finite differences to 1e-5`, async () => {
      const { weights, batch, ...needs } = example({ ...MANY, classes }, size, length, classes);
      await withEngine(needs, (engine) => {
        const gradients = new Float32Array(needs.layout.size);
        const { lossSum } = engine.gradients(weights, batch, gradients, 0);
        assertClose(gradients, finiteDifferences(needs.spec, needs.layout, weights, batch), 1e-5);
        const expected = plainLossSum(needs.spec, needs.layout, weights, batch);
        assertAlmostEquals(lossSum, expected, 1e-6 * expected);
        assertAlmostEquals(engine.evaluate(weights, batch).lossSum, expected, 1e-6 * expected);
        assertClose(engine.predict(weights, batch), plainProbabilities(needs.spec, needs.layout, weights, batch), 1e-5);
      });
    });
  }

  Deno.test(`${name}: evaluate() of several labels counts the rows whose first greatest is one of theirs`, async () => {
    const { batch, ...needs } = example(MANY, 5, 2);
    const weights = new Float32Array(needs.layout.size);
    const bias = tensorView(weights, tensorNamed(needs.layout, "dense/bias"));
    bias.fill(-300);
    bias.set([-1, 200, -1, 200]);
    setLabels(batch, [[1], [3], [0, 1, 3], [], [0, 9]]);
    await withEngine(needs, (engine) => {
      const { correct, lossSum } = engine.evaluate(weights, batch);
      assertEquals(correct, 2);
      // Each row has 0, 200, 0, 200 for its first labels, less the logits of its own, and log(1 + 1/e) for two of them.
      const expected = 5 * (400 + 2 * Math.log1p(Math.exp(-1))) - (200 + 200 + 399 - 301);
      assertAlmostEquals(lossSum, expected, 1e-3);
      assertClose(engine.predict(weights, batch).subarray(0, 5), [1 / (1 + Math.E), 1, 1 / (1 + Math.E), 1, 0], 1e-6);
    });
  });

  Deno.test(`${name}: gradients() of several labels refuses labels that are no classes, or in no order`, async () => {
    const { weights, batch, ...needs } = example(MANY, 2, 2);
    const gradients = new Float32Array(needs.layout.size);
    await withEngine(needs, (engine) => {
      for (const [sets, message] of [[[[1], [10]], "is 10"], [[[2, 2], []], "is 2"], [[[3, 1], []], "is 1"]] as const) {
        setLabels(batch, sets);
        assertThrows(() => engine.gradients(weights, batch, gradients, 0), RangeError, message);
      }
    });
  });
}
