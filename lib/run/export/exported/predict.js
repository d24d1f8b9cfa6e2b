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
 *
 * A model with a tokenizer of Hugging Face takes no texts: split them with that tokenizer and give its tokens by name. A
 * LayersModel has no lengths and reads every token, so that a batch has only sequences of one length.
 */
import { createCombiner } from "../../../ngrams/mix.ts";
import { createTextEncoder } from "../../../data/encode/text_encoder.ts";
import { plainTokenizer } from "../../../data/tokenizers/plain_tokenizers.ts";
import { Vocabulary } from "../../../data/vocabulary/vocabulary.ts";

export async function loadClassifier(tf, folder) {
  const base = new URL(folder, globalThis.location?.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const about = await (await get(base, "lockstep.json")).json();
  const model = await tf.loadLayersModel(new URL("model.json", base).href);
  const encode = about.preprocessingDigest && encoderOf(await (await get(base, "preprocessing.json")).json());
  const combine = about.ngrams && combinerOf(about, await (await get(base, "ngrams.safetensors")).arrayBuffer());
  return {
    about,
    /** Returns the token ids of a text, or of a list of tokens by name. */
    encode,
    /**
     * Returns class, label and probabilities of a text, of a list of token ids, or of an object with `text` or `tokens`.
     * Any other list has an answer for each item: a text, token ids, tokens by name, or such an object. Throws a TypeError
     * for other inputs.
     */
    predict(input) {
      const value = ArrayBuffer.isView(input) ? Array.from(input) : input;
      const isOne = !Array.isArray(value) || (value.length > 0 && value.every((token) => typeof token === "number"));
      const sequences = isOne
        ? [sequenceOf(value, "The input", encode, about)]
        : value.map((one, index) => sequenceOf(one, `Input ${index}`, encode, about));
      const answers = lstmOf(tf, model, sequences).map((probabilities, index) => {
        const tokens = sequences[index];
        combine?.(probabilities, tokens, 0, tokens.length);
        const best = probabilities.indexOf(Math.max(...probabilities));
        return { class: best, label: about.labels[best], probabilities: [...probabilities] };
      });
      return isOne ? answers[0] : answers;
    },
  };
}

/** Limits the sequences of a batch. */
const MOST_ROWS = 256;

/** Returns the LSTM's probabilities of each sequence. Sequences of one length are a batch. */
function lstmOf(tf, model, sequences) {
  const found = [];
  const order = [...sequences.keys()].sort((a, b) => sequences[a].length - sequences[b].length);
  for (let first = 0, next = 0; first < order.length; first = next) {
    const { length } = sequences[order[first]];
    while (next < order.length && next - first < MOST_ROWS && sequences[order[next]].length === length) next++;
    const chosen = order.slice(first, next);
    const rows = chosen.map((index) => sequences[index]);
    const all = tf.tidy(() => model.predict(tf.tensor2d(rows, [rows.length, length], "int32")).dataSync());
    const classes = all.length / rows.length;
    chosen.forEach((index, row) => found[index] = Float32Array.from(all.slice(row * classes, (row + 1) * classes)));
  }
  return found;
}

/** Returns the token ids that `value` means. Throws a TypeError that calls it `name` if it means none. */
function sequenceOf(value, name, encode, about) {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    const [key, ...more] = Object.keys(value);
    const isText = typeof value[key] === "string";
    if (more.length === 0 && ((key === "text" && isText) || (key === "tokens" && !isText))) {
      return sequenceOf(value[key], `${name}.${key}`, encode, about);
    }
  }
  if (typeof value === "string") {
    if (!encode) throw new TypeError(`${name} is a text: this model takes token ids`);
    return encode(value);
  }
  const tokens = ArrayBuffer.isView(value) ? Array.from(value) : value;
  if (!Array.isArray(tokens) || tokens.length === 0) {
    throw new TypeError(`${name} is ${JSON.stringify(value)}: expected a text, or a list of at least one token`);
  }
  if (encode && tokens.every((token) => typeof token === "string")) return encode(tokens);
  const size = about.model.vocabulary;
  const wrong = tokens.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= size);
  if (wrong < 0) return tokens;
  const wanted = `a token id, a whole number from 0 to ${size - 1}`;
  throw new TypeError(`${name}[${wrong}] is ${JSON.stringify(tokens[wrong])}: expected ${wanted}`);
}

async function get(base, name) {
  const response = await fetch(new URL(name, base));
  if (!response.ok) throw new Error(`Cannot load ${response.url}: ${response.status}`);
  return response;
}

/** Turns a text, or tokens by name, into token ids. A model with a tokenizer of Hugging Face takes no texts. */
function encoderOf({ tokenizer, vocabulary, maxLength, truncate, rules }) {
  const cutter = tokenizer.kind === "huggingface" ? { json: tokenizer, cut: refuseText } : plainTokenizer(tokenizer);
  const encode = createTextEncoder(cutter, new Vocabulary(vocabulary), { maxLength, truncate, rules });
  return (input) => [...encode(input).tokens];
}

function refuseText() {
  throw new TypeError("This model takes tokens by name or token ids, not texts: its tokenizer is one of Hugging Face");
}

/** Opens the n-grams that the LSTM is combined with, from the `bytes` of their safetensors. */
function combinerOf({ labels: { length: classes }, ngrams: { share, order, tokens, features } }, bytes) {
  const size = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, size)));
  const tensor = (name) => {
    const [begin, end] = header[name].data_offsets;
    return new Float32Array(bytes, 8 + size + begin, (end - begin) / 4);
  };
  const [known, counts, rows] = [tensor("features"), tensor("importance"), tensor("weights")];
  const importance = new Float32Array(features);
  const weights = new Float32Array(features * classes);
  known.forEach((feature, row) => {
    importance[feature] = counts[row];
    weights.set(rows.subarray(row * classes, (row + 1) * classes), feature * classes);
  });
  const space = { order, tokens, features };
  return createCombiner({ share, model: { space, classes, importance, weights, bias: tensor("bias") } });
}
