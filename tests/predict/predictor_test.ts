import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { NEW_HISTORY } from "../../lib/lockstep/memory/training_history.ts";
import { stateDigest } from "../../lib/lockstep/memory/state.ts";
import { InputError } from "../../lib/base/errors.ts";
import { type Answer, type Prediction, Unavailable, UnknownVersion } from "../../lib/predict/types.ts";
import { checkpointBytes, checkpointRounds, writeCheckpoint } from "../../lib/run/files/checkpoint.ts";
import type { Newest } from "../../lib/predict/trained_model.ts";
import { PATIENCE_MS } from "../patience.ts";
import { soon, until } from "../serve/http/reading.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { config, model, plainProbabilities, tinyPredictor, version } from "./tiny_predictor.ts";

const HANGS = [9, 0, 0, 0];
const DIES = [10, 0, 0, 0];
const LEAVES = [11, 0, 0, 0];

/** Asserts that `answer` has the predictions of the plain model with `weights` for `sequences`. */
function assertPlain(answer: Answer, sequences: readonly number[][], weights: Float32Array): void {
  assertEquals(answer.predictions.length, sequences.length);
  answer.predictions.forEach(({ class: best, label, probabilities }, row) => {
    const plain = plainProbabilities(weights, sequences[row]!);
    plain.forEach((value, index) => assertAlmostEquals(probabilities[index]!, value, 1e-5));
    assertEquals([best, label], [plain.indexOf(Math.max(...plain)), model.dataset.labels[best ?? -1]]);
  });
}

Deno.test("ThreadPredictor gives the answers of the plain model, for batches of any size", async () => {
  using tiny = tinyPredictor();
  const requests = [
    [[1, 2, 3, 4]],
    [[5, 6], [7], [8, 9, 10]],
    Array.from({ length: 11 }, (_, row) => [row, 11 - row, row, 0].slice(0, 1 + row % 4)),
    [[11, 11, 11, 11]],
  ];
  const answers = await soon(Promise.all(requests.map((request) => tiny.predictor.predict(request))), "answers");
  for (const [index, answer] of answers.entries()) {
    assertEquals([answer.run, answer.round, answer.digest], ["r1", 0, "digest of 0"]);
    assertPlain(answer, requests[index]!, version(0).weights);
    assert(answer.queueMs >= 0 && answer.computeMs >= 0);
  }
  const { batchSizes: { count: batches, sum: sequences }, queued, computing } = tiny.predictor.statistics();
  assertEquals([sequences, queued, computing], [16, 0, 0]);
  assert(batches < requests.length, `${batches} batches`);
});

Deno.test("ThreadPredictor rejects by the thresholds of its model, or by those of a request", async () => {
  const [{ probabilities }] = (await (async () => {
    using tiny = tinyPredictor();
    return (await soon(tiny.predictor.predict([[1, 2, 3, 4]]), "an answer")).predictions;
  })()) as [Prediction];
  const confidence = Math.max(...probabilities);
  const points = [{ threshold: 0, precision: 0.5, coverage: 1 }, { threshold: 1, precision: 0.9, coverage: 0 }];
  const rejection = { threshold: confidence + 0.01, points };
  using tiny = tinyPredictor({ newest: () => ({ ...version(0), rejection }) });
  const ask = async (reject?: number) =>
    (await soon(tiny.predictor.predict([[1, 2, 3, 4]], { reject }), "an answer")).predictions[0]!;
  const rejected = await ask();
  assertEquals([rejected.class, rejected.label, rejected.rejected?.probability], [null, null, confidence]);
  assertEquals((await ask(0.5)).rejected, undefined);
  assertEquals((await ask(0)).rejected, undefined);
  assertEquals((await ask(0.8)).rejected?.threshold, 1);
  await assertRejects(() => ask(0.95), InputError, "`reject` is 0.95: expected at most 0.9");
  using live = tinyPredictor();
  await assertRejects(() => live.predictor.predict([[1]], { reject: 0.5 }), InputError, "no thresholds");
});

Deno.test("ThreadPredictor counts batches of sequences, and no requests for only the version", async () => {
  using tiny = tinyPredictor();
  await soon(tiny.predictor.model(), "the model");
  const counted = () => {
    const { batchSizes: { count, sum } } = tiny.predictor.statistics();
    return [count, sum];
  };
  assertEquals(counted(), [0, 0]);
  await soon(tiny.predictor.predict([[1], [2, 3]]), "an answer");
  await soon(tiny.predictor.model(), "the model");
  assertEquals(counted(), [1, 2]);
});

Deno.test("ThreadPredictor replaces versions whole: each answer comes from the weights that it names", async () => {
  const versions = [version(0), version(1), version(2)];
  let newest: Newest = versions[0]!;
  using tiny = tinyPredictor({ newest: () => newest });
  const sequences = Array.from({ length: 9 }, (_, row) => [row, 1, 2, 3]);
  for (let turn = 0; turn < 12; turn++) {
    newest = versions[turn % 3]!;
    const answers = await soon(Promise.all([1, 2, 3].map(() => tiny.predictor.predict(sequences))), "answers");
    for (const answer of answers) assertPlain(answer, sequences, versions[answer.round]!.weights);
    assertEquals(answers[0]!.round, turn % 3);
  }
  assertEquals((await tiny.predictor.model()).digest, "digest of 2");
});

Deno.test("ThreadPredictor answers by any existing checkpoint, and names a missing one", () =>
  inTemporaryDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/checkpoints`);
    const states = [3, 5, 8].map((round) => {
      const { weights } = version(round);
      const values = new Float32Array(3 * model.layout.size);
      values.set(weights);
      return { round, step: round, values, history: NEW_HISTORY };
    });
    for (const state of states) await writeCheckpoint(directory, model.layout, state);
    using tiny = tinyPredictor({
      checkpoints: {
        list: () => checkpointRounds(directory),
        read: (round) => checkpointBytes(directory, round),
      },
    });
    assertEquals(await tiny.predictor.versions(), [8, 5, 3]);
    for (const state of [...states, ...states]) {
      const answer = await soon(tiny.predictor.predict([[1, 2, 3, 4]], { version: state.round }), "an answer");
      assertEquals([answer.round, answer.digest], [state.round, stateDigest(state)]);
      assertPlain(answer, [[1, 2, 3, 4]], state.values);
    }
    assertEquals((await tiny.predictor.predict([[1]])).round, 0);
    await assertRejects(() => tiny.predictor.predict([[1]], { version: 4 }), UnknownVersion, "there is no version 4");
    await Deno.writeFile(`${directory}/checkpoints/round-00000009.safetensors`, new Uint8Array(40));
    await assertRejects(() => tiny.predictor.predict([[1]], { version: 9 }), Error);
    assertEquals((await tiny.predictor.predict([[1]], { version: 3 })).round, 3);
  }));

Deno.test("ThreadPredictor refuses requests when full, and frees the places of clients that leave", async () => {
  using tiny = tinyPredictor({ faulty: true, limits: { batchMax: 1, queueMax: 3, timeoutMs: 120_000 } });
  await soon(tiny.predictor.model(), "the start");
  const hung = tiny.predictor.predict([HANGS]);
  hung.catch(() => {});
  await until(() => tiny.predictor.statistics().computing > 0, "the computation");
  const leaving = new AbortController();
  const left = tiny.predictor.predict([[1], [2], [3]], { signal: () => leaving.signal });
  await assertRejects(() => tiny.predictor.predict([[4]]), Unavailable, "3 sequences wait to be predicted");
  leaving.abort(new Error("gone"));
  await assertRejects(() => left, Error, "gone");
  assertEquals(tiny.predictor.statistics().queued, 0);
  const waits = tiny.predictor.predict([[4]]);
  assertEquals(tiny.predictor.statistics().queued, 1);
  tiny.predictor.close();
  await assertRejects(() => waits, Unavailable, "the server is ending");
  await assertRejects(() => hung, Unavailable);
});

async function startMs(): Promise<number> {
  using tiny = tinyPredictor({ faulty: true });
  const begun = performance.now();
  await tiny.predictor.model();
  return performance.now() - begun;
}

for (
  const [what, sequence, reason] of [
    ["hangs", HANGS, /did not answer within/],
    ["dies", DIES, /out of tokens/],
    ["leaves without a word", LEAVES, /did not answer within/],
  ] as const
) {
  Deno.test(`ThreadPredictor replaces a thread that ${what}, and refuses until it is`, async () => {
    // The deadline is ten times the start of a thread here, which takes most of its time.
    const timeoutMs = sequence === DIES ? PATIENCE_MS : Math.max(500, 10 * await startMs());
    using tiny = tinyPredictor({ faulty: true, limits: { timeoutMs, batchMax: 1 } });
    const ready = async () => {
      for (;;) {
        try {
          return await tiny.predictor.model();
        } catch (error) {
          assert(error instanceof Unavailable);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    await soon(ready(), "the start");
    const before = tiny.incidents.length;
    const lost = tiny.predictor.predict([[...sequence]]);
    const queued = tiny.predictor.predict([[1, 2, 3, 4]]);
    await assertRejects(() => lost, Unavailable, "the prediction thread was lost");
    await assertRejects(() => queued, Unavailable, "the prediction thread was lost");
    await assertRejects(() => tiny.predictor.model(), Unavailable, "being replaced");
    assertMatch(tiny.incidents[before]!, reason);
    await soon(ready(), "another thread");
    const answer = await soon(tiny.predictor.predict([[1, 2, 3, 4]]), "an answer");
    assertPlain(answer, [[1, 2, 3, 4]], version(0).weights);
    assert(tiny.predictor.statistics().restarts >= 1);
  });
}

Deno.test("ThreadPredictor says why its thread cannot start, and retries later", async () => {
  // The model has 8 GiB of weights.
  const wrong = { ...config, vocabulary: 1_000_000, embedding: 2048 };
  using tiny = tinyPredictor({ model: { run: "r1", config: wrong, labels: ["odd", "even"] } });
  await assertRejects(() => tiny.predictor.predict([[1]]), Unavailable, "could not start");
  await assertRejects(() => tiny.predictor.predict([[1]]), Unavailable, "could not start");
  assertEquals(tiny.incidents.length, 1);
});
