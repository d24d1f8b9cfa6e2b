import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/base/errors.ts";
import { checkProbabilities } from "../../lib/serve/routes/prediction_body.ts";
import { topLabels } from "../../lib/standalone/top_labels.ts";
import { withDraws } from "../draws.ts";

Deno.test("topLabels() lists what a stable sort puts first, for any number of labels", () =>
  withDraws((draw) => {
    for (let round = 0; round < 50; round++) {
      const probabilities = Float32Array.from({ length: 1 + draw(300) }, () => draw(20) / 32);
      const labels = Array.from(probabilities, (_, index) => `label ${index}`);
      const sorted = labels.map((label, index) => ({ label, probability: probabilities[index]! }))
        .sort((a, b) => b.probability - a.probability);
      for (const count of [0, 1, 2, 5, 64, 65, 1000]) {
        assertEquals(topLabels(probabilities, labels, count), sorted.slice(0, count));
      }
    }
    return Promise.resolve();
  }));

Deno.test("checkProbabilities() refuses too many probabilities, but never one sequence", () => {
  checkProbabilities(1024, 2048);
  checkProbabilities(1, 1e9);
  assertThrows(() => checkProbabilities(1024, 10_000), InputError, 'expected at most 209 sequences, or "top"');
});
