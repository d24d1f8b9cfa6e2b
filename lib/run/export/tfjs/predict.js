/**
 * A classifier trained by Lockstep, in TensorFlow.js. README.md shows how to use it, and predict.d.ts lists all inputs. A
 * LayersModel has no lengths and reads every token, so that a batch has only sequences of one length.
 */
import {
  composeVector,
  inBatches,
  MOST_ROWS_OF_VECTOR,
  openFolder,
  openQuestions,
  putRows,
  UNKNOWN,
  wordRows,
} from "../browser/entry.ts";

export { InputError } from "../browser/entry.ts";

export async function loadClassifier(tf, folder = import.meta.url.replace(/[^/]*$/, "")) {
  const readFile = openFolder(folder);
  const { about, encode, ask } = await openQuestions(readFile);
  const model = await tf.loadLayersModel({ load: () => layersModel(readFile) });
  const vectors = about.model.letterRows > 0 && vectorReader(tf, model, about.model);
  return {
    about,
    encode,
    predict(input, options) {
      const { rows, answers } = ask(input, options);
      const found = [];
      for (const { batch, places, length } of inBatches(rows, false)) {
        putRows(lstmOf(tf, model, batch, length, vectors), places, found);
      }
      return answers(found);
    },
  };
}

async function layersModel(readFile) {
  const { weightsManifest, ...artifacts } = JSON.parse(new TextDecoder().decode(await readFile("model.json")));
  const { buffer } = await readFile("weights.bin");
  return { ...artifacts, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData: buffer };
}

/** Returns the LSTM's probabilities. With `vectors` the layers behind the embedding read the vectors that it returns. */
function lstmOf(tf, model, rows, length, vectors) {
  const result = tf.tidy(() => {
    if (vectors) return model.layers.slice(1).reduce((values, layer) => layer.apply(values), vectors(rows, length));
    return model.predict(tf.tensor2d(rows.map(({ tokens }) => [...tokens]), [rows.length, length], "int32"));
  });
  try {
    return result.dataSync();
  } finally {
    result.dispose();
  }
}

/**
 * Returns the function that makes the vectors of rows of one length. Those of words that are not in the vocabulary are made
 * of their letters, which no LayersModel knows.
 */
function vectorReader(tf, model, spec) {
  const { embedding: width } = spec;
  const embedding = tf.tidy(() => model.layers[0].getWeights()[0].dataSync());
  const made = new Int32Array(MOST_ROWS_OF_VECTOR);
  return (rows, length) => {
    const vectors = new Float32Array(rows.length * length * width);
    let at = 0;
    for (const { tokens, unknown } of rows) {
      let next = 0;
      for (const token of tokens) {
        made[0] = token;
        const count = token === UNKNOWN && unknown ? wordRows(spec, token, unknown, next++, made, 0) : 1;
        composeVector(embedding, width, made.subarray(0, count), vectors.subarray(at, at += width));
      }
    }
    return tf.tensor3d(vectors, [rows.length, length, width]);
  };
}
