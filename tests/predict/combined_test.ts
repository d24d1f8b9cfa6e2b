/** Tests a finished model whose LSTM is combined with n-grams: every way to predict gives the same result. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { openSaved } from "../../lib/predict/batch_predictor.ts";
import type { Prediction } from "../../lib/predict/types.ts";
import { checkpointBytes, checkpointRounds, writeCheckpoint } from "../../lib/run/files/checkpoint.ts";
import { NEW_HISTORY } from "../../lib/lockstep/memory/training_history.ts";
import type { ModelVersion, Newest } from "../../lib/predict/trained_model.ts";
import { predictEncoded } from "../../lib/predict/predict_encoded.ts";
import { plainCombination, rowsOf, tinyHashed } from "../ngrams/tiny_ngrams.ts";
import { tableOf } from "../data/tables.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { soon } from "../serve/http/reading.ts";
import { config, model, plainProbabilities, tinyPredictor, version } from "./tiny_predictor.ts";

const { labels } = model.dataset;
const ngrams = tinyHashed({ order: 2, tokens: 12, features: 76 }, labels.length);
const finished: ModelVersion = { ...version(7), ngrams };
const sequences = Array.from({ length: 11 }, (_, row) => [row, 11 - row, row, 0].slice(0, 1 + row % 4));

function assertCombined(predictions: readonly Prediction[], { weights, ngrams: own }: ModelVersion): void {
  assertEquals(predictions.length, sequences.length);
  predictions.forEach(({ probabilities, class: best }, row) => {
    const lstm = plainProbabilities(weights, sequences[row]!);
    const plain = own ? plainCombination(own, lstm, rowsOf([sequences[row]!])) : lstm;
    plain.forEach((value, index) => assertAlmostEquals(probabilities[index]!, value, 1e-5));
    assertEquals(best, plain.indexOf(Math.max(...plain)));
  });
}

Deno.test("ThreadPredictor answers by the LSTM until the run is finished, then by the combination", async () => {
  let newest: Newest = version(7);
  using tiny = tinyPredictor({ newest: () => newest });
  assertCombined((await soon(tiny.predictor.predict(sequences), "an answer")).predictions, version(7));
  newest = finished;
  assertCombined((await soon(tiny.predictor.predict(sequences), "an answer")).predictions, finished);
});

Deno.test("ThreadPredictor combines every version of a finished model's LSTM", () =>
  inTemporaryDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/checkpoints`);
    for (const round of [5, 7]) {
      const values = new Float32Array(3 * model.layout.size);
      values.set(version(round).weights);
      await writeCheckpoint(directory, model.layout, { round, step: round, values, history: NEW_HISTORY });
    }
    using tiny = tinyPredictor({
      newest: () => finished,
      checkpoints: { list: () => checkpointRounds(directory), read: (round) => checkpointBytes(directory, round) },
    });
    const answer = await soon(tiny.predictor.predict(sequences), "an answer");
    const own = await soon(tiny.predictor.predict(sequences, { version: 7 }), "an answer");
    assertEquals(own.predictions, answer.predictions);
    const earlier = await soon(tiny.predictor.predict(sequences, { version: 5 }), "an answer");
    assertCombined(earlier.predictions, { ...version(5), ngrams });
  }));

Deno.test("openSaved() and predictEncoded() predict the same as the thread, bit for bit", async () => {
  using tiny = tinyPredictor({ newest: () => finished });
  const { predictions } = await soon(tiny.predictor.predict(sequences), "an answer");
  const saved = (await openSaved({ config, labels, version: finished }))(sequences);
  assertEquals(saved, predictions);
  const table = tableOf(sequences, sequences.map(() => 0));
  const rows = await predictEncoded({ config, labels, version: finished }, table);
  assertEquals([...rows], predictions.flatMap(({ probabilities }) => probabilities));
});
