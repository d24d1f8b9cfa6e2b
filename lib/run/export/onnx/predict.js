/**
 * A classifier trained by Lockstep, in ONNX Runtime. README.md shows how to use it, and predict.d.ts lists all inputs.
 */
import {
  inBatches,
  MOST_ROWS_OF_VECTOR,
  openFolder,
  openQuestions,
  putRows,
  UNKNOWN,
  wordRows,
} from "../browser/entry.ts";

export { InputError } from "../browser/entry.ts";

export async function loadClassifier(ort, folder = import.meta.url.replace(/[^/]*$/, "")) {
  const readFile = openFolder(folder);
  const { about, encode, ask } = await openQuestions(readFile);
  const session = await ort.InferenceSession.create(await readFile("model.onnx"));
  // A session of onnxruntime-web runs one batch at a time.
  let last = Promise.resolve();
  async function lstmOf(rows) {
    const found = [];
    for (const { batch, places, length } of inBatches(rows, true)) {
      const tensors = tensorsOf(batch, length, about.model).map(([name, values, shape]) => [
        name,
        new ort.Tensor("int32", values, shape),
      ]);
      const { probabilities } = await session.run(Object.fromEntries(tensors));
      putRows(probabilities.data, places, found);
    }
    return found;
  }
  return {
    about,
    encode,
    async predict(input, options) {
      const { rows, answers } = ask(input, options);
      const turn = last.then(() => lstmOf(rows));
      last = turn.catch(() => {});
      return answers(await turn);
    },
  };
}

/** Returns the inputs of the graph, as name, values and shape, for rows of at most `length` tokens. */
function tensorsOf(rows, length, spec) {
  const tokens = new Int32Array(rows.length * length);
  const lengths = Int32Array.from(rows, (row) => row.tokens.length);
  rows.forEach((row, at) => tokens.set(row.tokens, at * length));
  const inputs = [["tokens", tokens, [rows.length, length]], ["lengths", lengths, [rows.length]]];
  return spec.letterRows > 0 ? [...inputs, lettersOf(rows, length, spec, tokens)] : inputs;
}

/** Returns the runs of letters of each unknown word, and gives these words their numbers in `tokens`. */
function lettersOf(rows, length, spec, tokens) {
  const made = new Int32Array(MOST_ROWS_OF_VECTOR);
  const words = [];
  rows.forEach(({ tokens: own, unknown }, at) => {
    let next = 0;
    for (let i = 0; unknown && i < own.length; i++) {
      if (own[i] !== UNKNOWN) continue;
      const count = wordRows(spec, UNKNOWN, unknown, next++, made, 0);
      tokens[at * length + i] = spec.vocabulary + words.length;
      words.push(Array.from(made.subarray(1, count), (row) => row - spec.vocabulary));
    }
  });
  if (words.length === 0) words.push([]);
  const runs = words.reduce((most, word) => Math.max(most, word.length), 1);
  const letters = new Int32Array(words.length * runs).fill(spec.letterRows);
  words.forEach((word, at) => letters.set(word, at * runs));
  return ["letters", letters, [words.length, runs]];
}
