/**
 * A classifier trained by Lockstep, in TensorFlow.js:
 *
 *     import * as tf from "@tensorflow/tfjs";
 *     import { loadClassifier } from "./predict.js";
 *     const classifier = await loadClassifier(tf, "https://example.com/this/folder/");
 *     classifier.predict("where is my parcel?"); // a text: { class, label, probabilities }
 *     classifier.predict([21, 6, 37, 33, 18, 48, 1, 25]); // token ids: one answer
 *     classifier.predict(["where is my parcel?", "another"]); // a list of texts: a list of answers
 *     classifier.predict([["login", "search"], [21, 6, 37]]); // tokens by name, and token ids: a list of answers
 *     classifier.predict({ tokens: ["login", "search"] }); // tokens by name: one answer
 *     classifier.predict("where is my parcel?", { reject: 0.95 }); // label null where 95 % precision wants more confidence
 *
 * A model with a tokenizer of Hugging Face takes no texts: split them with that tokenizer and give its tokens by name. A
 * LayersModel has no lengths and reads every token, so that a batch has only sequences of one length.
 */
import { createCombiner } from "../../../ngrams/combine.ts";
import { answerOf, thresholdFor } from "../../../model/rejection.ts";
import { createTextEncoder } from "../../../data/encode/text_encoder.ts";
import { keysOfVocabulary } from "../../../data/vocabulary/token_keys.ts";
import { hasLetters } from "../../../data/tokenizers/tokenizer.ts";
import { plainTokenizer } from "../../../data/tokenizers/plain_tokenizers.ts";
import { UNKNOWN, Vocabulary } from "../../../data/vocabulary/vocabulary.ts";
import { MOST_ROWS_OF_VECTOR } from "../../../data/batches/batch.ts";
import { wordRows } from "../../../data/batches/letter_rows.ts";
import { composeVector } from "../../../model/word_vectors.ts";

export async function loadClassifier(tf, folder) {
  const base = new URL(folder, globalThis.location?.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const about = await (await get(base, "lockstep.json")).json();
  const model = await tf.loadLayersModel(new URL("model.json", base).href);
  const preprocessing = about.preprocessingDigest && await (await get(base, "preprocessing.json")).json();
  const read = preprocessing && encoderOf(preprocessing);
  const vectors = about.model.letterRows > 0 && vectorReader(tf, model, about.model);
  const ngrams = about.ngrams && await (await get(base, "ngrams.safetensors")).arrayBuffer();
  const combine = ngrams && combinerOf(about, ngrams, preprocessing);
  return {
    about,
    /** The token ids of a text, or of a list of tokens by name. */
    encode: read && ((input) => [...read(input).tokens]),
    /**
     * Returns class, label and probabilities of a text, of a list of token ids, or of an object with `text` or `tokens`.
     * Any other list has an answer for each item: a text, token ids, tokens by name, or such an object. Throws a TypeError
     * for other inputs, and a RangeError if the model does not reach the precision `reject`.
     */
    predict(input, { reject } = {}) {
      const threshold = reject === undefined
        ? about.rejection?.threshold ?? 0
        : thresholdFor(about.rejection?.points, reject);
      const value = ArrayBuffer.isView(input) ? Array.from(input) : input;
      const isOne = !Array.isArray(value) || (value.length > 0 && value.every((token) => typeof token === "number"));
      const inputs = isOne
        ? [sequenceOf(value, "The input", read, about)]
        : value.map((one, index) => sequenceOf(one, `Input ${index}`, read, about));
      const answers = lstmOf(tf, model, inputs, vectors).map((probabilities, index) => {
        combine?.(probabilities, rowOf(inputs[index]), 0);
        return { ...answerOf(probabilities, about.labels, threshold), probabilities: [...probabilities] };
      });
      return isOne ? answers[0] : answers;
    },
  };
}

/** Limits the sequences of a batch. */
const MOST_ROWS = 256;

/**
 * Returns the LSTM's probabilities of each input. Sequences of one length are a batch. With `vectors` the layers behind the
 * embedding read the vectors that it returns.
 */
function lstmOf(tf, model, inputs, vectors) {
  const found = [];
  const lengthOf = (index) => inputs[index].tokens.length;
  const order = [...inputs.keys()].sort((a, b) => lengthOf(a) - lengthOf(b));
  for (let first = 0, next = 0; first < order.length; first = next) {
    const length = lengthOf(order[first]);
    while (next < order.length && next - first < MOST_ROWS && lengthOf(order[next]) === length) next++;
    const chosen = order.slice(first, next);
    const rows = chosen.map((index) => inputs[index]);
    const all = tf.tidy(() => {
      if (!vectors) return model.predict(tf.tensor2d(rows.map(({ tokens }) => tokens), [rows.length, length], "int32"));
      return model.layers.slice(1).reduce((values, layer) => layer.apply(values), vectors(rows, length));
    }).dataSync();
    const classes = all.length / rows.length;
    chosen.forEach((index, row) => found[index] = Float32Array.from(all.slice(row * classes, (row + 1) * classes)));
  }
  return found;
}

/**
 * Returns the function that makes the vectors of inputs of one length. Those of words that are not in the vocabulary are
 * made of their letters, which no LayersModel knows.
 */
function vectorReader(tf, model, spec) {
  const { embedding: width } = spec;
  const embedding = tf.tidy(() => model.layers[0].getWeights()[0].dataSync());
  const made = new Int32Array(MOST_ROWS_OF_VECTOR);
  return (inputs, length) => {
    const vectors = new Float32Array(inputs.length * length * width);
    let at = 0;
    for (const { tokens, unknown } of inputs) {
      let next = 0;
      for (const token of tokens) {
        made[0] = token;
        const count = token === UNKNOWN && unknown ? wordRows(spec, token, unknown, next++, made, 0) : 1;
        composeVector(embedding, width, made.subarray(0, count), vectors.subarray(at, at += width));
      }
    }
    return tf.tensor3d(vectors, [inputs.length, length, width]);
  };
}

/** Rows of which the only one is a sequence. */
function rowOf({ tokens, unknown }) {
  const offsets = [0, tokens.length];
  return unknown
    ? { tokens, offsets, unknown: { before: [0, unknown.offsets.length - 1], keys: unknown } }
    : { tokens, offsets };
}

/**
 * Returns the token ids that `value` means, and the keys of those that are unknown. Throws a TypeError that calls it `name`
 * if it means none.
 */
function sequenceOf(value, name, read, about) {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    const [key, ...more] = Object.keys(value);
    const isText = typeof value[key] === "string";
    if (more.length === 0 && ((key === "text" && isText) || (key === "tokens" && !isText))) {
      return sequenceOf(value[key], `${name}.${key}`, read, about);
    }
  }
  if (typeof value === "string") {
    if (!read) throw new TypeError(`${name} is a text: this model takes token ids`);
    return read(value);
  }
  const tokens = ArrayBuffer.isView(value) ? Array.from(value) : value;
  if (!Array.isArray(tokens) || tokens.length === 0) {
    throw new TypeError(`${name} is ${JSON.stringify(value)}: expected a text, or a list of at least one token`);
  }
  if (read && tokens.every((token) => typeof token === "string")) return read(tokens);
  const size = about.model.vocabulary;
  const wrong = tokens.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= size);
  if (wrong < 0) return { tokens };
  const wanted = `a token id, a whole number from 0 to ${size - 1}`;
  throw new TypeError(`${name}[${wrong}] is ${JSON.stringify(tokens[wrong])}: expected ${wanted}`);
}

async function get(base, name) {
  const response = await fetch(new URL(name, base));
  if (!response.ok) throw new Error(`Cannot load ${response.url}: ${response.status}`);
  return response;
}

/** Reads a text, or tokens by name: token ids, and the keys of the unknown ones. Texts for a tokenizer of Hugging Face are cut by its own library. */
function encoderOf({ tokenizer, vocabulary, maxLength, truncate, rules }) {
  const cutter = tokenizer.kind === "huggingface" ? { json: tokenizer, cut: refuseText } : plainTokenizer(tokenizer);
  const encode = createTextEncoder(cutter, new Vocabulary(vocabulary), { maxLength, truncate, rules });
  return (input) => {
    const { tokens, unknown } = encode(input);
    return { tokens: [...tokens], unknown };
  };
}

function refuseText() {
  throw new TypeError("This model takes tokens by name or token ids, not texts: its tokenizer is one of Hugging Face");
}

/** The n-grams that the LSTM is combined with: `bytes` are safetensors, and `about` says what they count as. */
function combinerOf({ labels: { length: classes }, ngrams }, bytes, preprocessing) {
  const size = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, size)));
  const tensor = (name) => {
    const [begin, end] = header[name].data_offsets;
    return new Float32Array(bytes, 8 + size + begin, (end - begin) / 4);
  };
  const { share, exponent } = ngrams;
  if (exponent === undefined) return createCombiner({ share, model: hashedOf(ngrams, tensor, classes) });
  return createCombiner({ share, exponent, model: linearOf(ngrams, tensor, classes, preprocessing) });
}

function linearOf({ order, hasEnds, tokenColumns }, tensor, classes, { vocabulary, tokenizer }) {
  const halves = tensor("keys");
  return {
    space: { order, hasEnds },
    classes,
    vocabulary: keysOfVocabulary(vocabulary, hasLetters(tokenizer.kind)),
    keys: Uint32Array.from(
      { length: halves.length / 2 },
      (_, column) => 2 ** 16 * halves[2 * column] + halves[2 * column + 1],
    ),
    tokenColumns,
    importance: tensor("importance"),
    weights: tensor("weights"),
    bias: tensor("bias"),
  };
}

function hashedOf({ order, tokens, features }, tensor, classes) {
  const [known, counts, rows] = [tensor("features"), tensor("importance"), tensor("weights")];
  const importance = new Float32Array(features);
  const weights = new Float32Array(features * classes);
  known.forEach((feature, row) => {
    importance[feature] = counts[row];
    weights.set(rows.subarray(row * classes, (row + 1) * classes), feature * classes);
  });
  return { space: { order, tokens, features }, classes, importance, weights, bias: tensor("bias") };
}
