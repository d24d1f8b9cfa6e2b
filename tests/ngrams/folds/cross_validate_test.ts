import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/base/errors.ts";
import { keysOfVocabulary } from "../../../lib/data/vocabulary/token_keys.ts";
import { crossValidate } from "../../../lib/ngrams/folds/cross_validate.ts";
import { tableOf } from "../../data/tables.ts";
import { soon } from "../../serve/http/reading.ts";

const url = new URL("../../../workers/folds.ts", import.meta.url);

/** Returns rows of three classes, each with a token of its own; all rows of the last class are in the first fold. */
function rows() {
  const labels = Array.from({ length: 40 }, (_, row) => row < 4 ? 2 : row % 2);
  const table = tableOf(labels.map((label, row) => [2 + label, 5 + row % 3]), labels);
  const foldOf = new Uint8Array(new SharedArrayBuffer(40));
  foldOf.set(labels.map((label, row) => label === 2 ? 0 : (row >> 1) % 2));
  const vocabulary = keysOfVocabulary(["a", "b", "c", "x", "y", "z"], true);
  return { table, foldOf, vocabulary, space: { order: 2, hasEnds: true }, classes: 3, folds: 2, seed: 1 };
}

Deno.test("crossValidate() predicts the rows of each fold by models of the others", async () => {
  const probabilities = await soon(crossValidate(rows(), { url, cores: 1 }), "one thread");
  const { table: { labels }, foldOf } = rows();
  for (const [row, label] of labels.entries()) {
    const own = probabilities.subarray(3 * row, 3 * row + 3);
    assert(Math.abs(own.reduce((sum, share) => sum + share) - 1) < 1e-6);
    // The models of the second fold have never seen the last class, and those of the first have.
    if (foldOf[row] === 0) assertEquals(own[2], 0);
    else assert(own[2]! > 0);
    if (label < 2) assert(own[label]! > 0.5, `row ${row}: ${own}`);
  }
  assertEquals(await soon(crossValidate(rows(), { url, cores: 4 }), "four threads"), probabilities);
});

Deno.test("crossValidate() gives each of several labels a probability of its own", async () => {
  // A row has labels 0 and 1 as it has tokens 2 and 3; all rows of label 2 are in the first fold.
  const own = Array.from(
    { length: 40 },
    (_, row) => row < 4 ? [2] : [0, 1].filter((label) => (row >> label) % 2 === 0),
  );
  const { foldOf, ...single } = rows();
  const table = {
    ...tableOf(own.map((labels, row) => [...labels.map((label) => 2 + label), 5 + row % 3]), []),
    labels: Uint16Array.from(own.flat()),
    labelOffsets: Uint32Array.from([0, ...own.map((_, row) => own.slice(0, row + 1).flat().length)]),
  };
  foldOf.set(own.map((_, row) => row < 4 ? 0 : (row >> 2) % 2));
  const problem = { ...single, table, foldOf };
  const probabilities = await soon(crossValidate(problem, { url, cores: 1 }), "one thread");
  for (const [row, labels] of own.entries()) {
    if (foldOf[row] === 0) assertEquals(probabilities[3 * row + 2], 0);
    if (row < 4) continue;
    for (const label of [0, 1]) {
      const probability = probabilities[3 * row + label]!;
      assert(
        probability > 0 && probability > 0.5 === labels.includes(label),
        `row ${row}, label ${label}: ${probability}`,
      );
    }
  }
  assertEquals(await soon(crossValidate(problem, { url, cores: 3 }), "three threads"), probabilities);
});

Deno.test("crossValidate() rejects if a thread is silent for too long, or at the signal while it is", async () => {
  const silent = new URL("data:text/javascript,self.onmessage = () => {}");
  await assertRejects(
    () => soon(crossValidate(rows(), { url: silent, cores: 2, timeoutMs: 20 }), "a silent thread"),
    Error,
    "a thread of the cross-validation was silent for 0.02 s",
  );
  const stop = new AbortController();
  const onProgress = () => stop.abort(new Error("enough"));
  await assertRejects(
    () => soon(crossValidate(rows(), { url: silent, cores: 2, onProgress, signal: stop.signal }), "a signal"),
    Error,
    "enough",
  );
});

Deno.test("crossValidate() rejects if a thread fails, or for too many rows and classes", async () => {
  const lost = new URL("data:text/javascript,throw new Error('lost')");
  await assertRejects(() => soon(crossValidate(rows(), { url: lost, cores: 2 }), "a failure"), Error, "lost");
  await assertRejects(
    () => crossValidate({ ...rows(), classes: 2 ** 20 }, { url, cores: 2 }),
    InputError,
    "40 rows of 1,048,576 classes are too many to cross-validate: expected at most 32",
  );
});
