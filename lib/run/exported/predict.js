/**
 * A classifier trained by Lockstep, in TensorFlow.js:
 *
 *     import * as tf from "@tensorflow/tfjs";
 *     import { loadClassifier } from "./predict.js";
 *     const classifier = await loadClassifier(tf, "https://example.com/this/folder/");
 *     classifier.predict("where is my parcel?"); // { class, label, probabilities }; of a model of text
 *     classifier.predict([21, 6, 37, 33, 18, 48, 1, 25]); // token ids
 *
 * A LayersModel knows no lengths and takes every token as real, so that a sequence goes in alone and unpadded.
 */
import { createCombiner } from "../../baseline/mix.ts";
import { createEncoder } from "../../data/encoder.ts";
import { plainTokenizer } from "../../data/tokenizers/plain.ts";
import { Vocabulary } from "../../data/vocabulary.ts";

export async function loadClassifier(tf, folder) {
  const base = new URL(folder, globalThis.location?.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const about = await (await get(base, "lockstep.json")).json();
  const model = await tf.loadLayersModel(new URL("model.json", base).href);
  const encode = about.preprocessingDigest && encoderOf(await (await get(base, "preprocessing.json")).json());
  const combine = about.ngrams && combinerOf(about, await (await get(base, "ngrams.safetensors")).arrayBuffer());
  return {
    about,
    /** The token ids of a text. */
    encode,
    /** Class, label and probabilities of a text, or of a list of at least one token id, each below the vocabulary's size. */
    predict(input) {
      if (typeof input === "string" && !encode) throw new TypeError("This model takes token ids, not texts");
      const tokens = typeof input === "string" ? encode(input) : input;
      const lstm = tf.tidy(() => model.predict(tf.tensor2d([tokens], [1, tokens.length], "int32")).dataSync());
      const probabilities = Float32Array.from(lstm);
      combine?.(probabilities, tokens, 0, tokens.length);
      const best = probabilities.indexOf(Math.max(...probabilities));
      return { class: best, label: about.labels[best], probabilities: [...probabilities] };
    },
  };
}

async function get(base, name) {
  const response = await fetch(new URL(name, base));
  if (!response.ok) throw new Error(`Cannot load ${response.url}: ${response.status}`);
  return response;
}

/** From a text to token ids; nothing for a tokenizer of Hugging Face, whose own library gives its tokens. */
function encoderOf({ tokenizer, vocabulary, maxLength, truncate }) {
  if (tokenizer.kind === "huggingface") return undefined;
  const encode = createEncoder(plainTokenizer(tokenizer), new Vocabulary(vocabulary), { maxLength, truncate });
  return (text) => [...encode(text).tokens];
}

/** The n-grams that the LSTM is combined with: `bytes` are safetensors, and `about` says what they count as. */
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
