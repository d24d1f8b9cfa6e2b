/**
 * A classifier trained by Lockstep, in TensorFlow.js:
 *
 *     import * as tf from "@tensorflow/tfjs";
 *     import { loadClassifier } from "./predict.js";
 *     const classifier = await loadClassifier(tf, "https://example.com/this/folder/");
 *     classifier.predict([21, 6, 37, 33, 18, 48, 1, 25]); // { class, label, probabilities }
 *
 * A LayersModel knows no lengths and takes every token as real, so that a sequence goes in alone and unpadded.
 */
export async function loadClassifier(tf, folder) {
  const base = new URL(folder, globalThis.location?.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const about = await (await fetch(new URL("lockstep.json", base))).json();
  const model = await tf.loadLayersModel(new URL("model.json", base).href);
  return {
    about,
    /** Class, label and probabilities of a list of token ids, at least one and each below the vocabulary's size. */
    predict(tokens) {
      const probabilities = tf.tidy(() => model.predict(tf.tensor2d([tokens], [1, tokens.length], "int32")).dataSync());
      const best = probabilities.indexOf(Math.max(...probabilities));
      return { class: best, label: about.labels[best], probabilities: [...probabilities] };
    },
  };
}
