/** Tests the contract of engines for class weights. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { assertClose } from "../close.ts";
import { example } from "./example.ts";
import { finiteDifferencesOf, plainLossSum } from "../plain_lstm.ts";
import { type MakeEngine, withEngine } from "./with_engine.ts";

const SPEC: ModelSpec = { ...ONE_LAYER, vocabulary: 7, embedding: 3, hidden: 4, classes: 3, lstmBiases: 1 };
const CLASS_WEIGHTS = Float32Array.of(0.25, 3, 1.5);

export function engineWeightsContract(name: string, make: MakeEngine): void {
  Deno.test(`${name}: gradients() with class weights is that of Σ w l / Σ w to 1e-5`, async () => {
    const { weights, batch, ...needs } = example(SPEC, 6, 3);
    batch.labels.set([0, 1, 2, 1, 0, 0]);
    const { layout } = needs;
    /** Returns a batch of the rows of one class, whose losses are summed. */
    const ofClass = (label: number) => {
      const rows = [...batch.labels.keys()].filter((row) => batch.labels[row] === label);
      const tokens = rows.flatMap((row) => [...batch.tokens.subarray(3 * row, 3 * row + 3)]);
      const labels = Int32Array.from(rows, () => label), lengths = Int32Array.from(rows, () => 3);
      return { size: rows.length, length: 3, tokens: Int32Array.from(tokens), lengths, labels };
    };
    const loss = (at: ArrayLike<number>) =>
      [0, 1, 2].reduce(
        (sum, label) => sum + CLASS_WEIGHTS[label]! * plainLossSum(SPEC, layout, at, ofClass(label)),
        0,
      ) / (3 * 0.25 + 2 * 3 + 1.5);
    await withEngine(make, { ...needs, classWeights: CLASS_WEIGHTS }, (engine) => {
      const gradients = new Float32Array(layout.size);
      const { lossSum } = engine.gradients(weights, batch, gradients, 0);
      assertClose(gradients, finiteDifferencesOf(loss, layout, weights), 1e-5);
      assertAlmostEquals(lossSum, plainLossSum(SPEC, layout, weights, batch), 1e-4);
      assertAlmostEquals(engine.evaluate(weights, batch).lossSum, lossSum, 1e-5);
    });
  });

  Deno.test(`${name}: gradients() with equal class weights is the one without, to 1e-6`, async () => {
    const { weights, batch, ...needs } = example(SPEC, 5, 3);
    const [plain, weighted] = [new Float32Array(needs.layout.size), new Float32Array(needs.layout.size)];
    const metrics = await withEngine(make, needs, (engine) => engine.gradients(weights, batch, plain, 0));
    const classWeights = Float32Array.of(1.7, 1.7, 1.7);
    await withEngine(make, { ...needs, classWeights }, (engine) => {
      assertEquals(engine.gradients(weights, batch, weighted, 0), metrics);
    });
    assertClose(weighted, plain, 1e-6);
  });
}
