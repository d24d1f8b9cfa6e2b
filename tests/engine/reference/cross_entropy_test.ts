import { assertAlmostEquals, assertEquals } from "@std/assert";
import { crossEntropy, logitGradients } from "../../../lib/engine/reference/cross_entropy.ts";
import { assertClose } from "../close.ts";

Deno.test("crossEntropy() gives losses, hits and probabilities computed by hand", () => {
  const logits = Float32Array.of(0, Math.log(3), Math.log(4), 0, 9, 9);
  const probabilities = new Float32Array(6);
  const metrics = crossEntropy(logits, Int32Array.of(1, 1, 0), 3, 2, probabilities);
  assertAlmostEquals(metrics.lossSum, Math.log(4 / 3) + Math.log(5) + Math.log(2), 1e-6);
  assertEquals(metrics.correct, 2); // Equal logits count as the lowest class.
  assertClose(probabilities, [1 / 4, 3 / 4, 4 / 5, 1 / 5, 1 / 2, 1 / 2], 1e-7);
});

Deno.test("crossEntropy() neither overflows nor underflows", () => {
  const probabilities = new Float32Array(2);
  const metrics = crossEntropy(Float32Array.of(1000, -1000), Int32Array.of(1), 1, 2, probabilities);
  assertEquals(metrics, { lossSum: 2000, correct: 0 });
  assertEquals([...probabilities], [1, 0]);
});

Deno.test("logitGradients() is probabilities minus the label, over the batch", () => {
  const gradients = Float32Array.of(0.25, 0.75, 0.5, 0.5);
  logitGradients(gradients, { size: 2, labels: Int32Array.of(1, 0) }, 2);
  assertEquals([...gradients], [0.125, -0.125, -0.25, 0.25]);
});

Deno.test("logitGradients() weighs rows by class, over the sum of the weights", () => {
  const gradients = Float32Array.of(0.25, 0.75, 0.5, 0.5);
  logitGradients(gradients, { size: 2, labels: Int32Array.of(1, 0) }, 2, Float32Array.of(3, 1));
  assertEquals([...gradients], [0.0625, -0.0625, -0.375, 0.375]);
});
