// deno-lint-ignore-file no-console -- the answer to the benchmark
/**
 * Measures one library that predicts in Node: the time from import to the first answer, and texts a second, one by one and
 * in batches. Usage: node library_peer.js NAME FOLDER SECONDS, in a folder with the packages; FOLDER has the models.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [name, folder, seconds] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(join(folder, "texts.json"), "utf8"));
const BATCH = 64;
const moduleOf = (...path) => import(pathToFileURL(join(folder, ...path)).href);

/** Imports a library, loads the model, and returns the functions that predict a text and a batch. */
const OPEN = {
  async "lockstep/predict"() {
    const { load } = await moduleOf("js", "index.js");
    const model = await load();
    return {
      one: (text) => model.predict(text),
      many: (some) => model.predictMany(some),
      explain: (text) => model.explain(text),
    };
  },
  async "tfjs export"() {
    const tf = (await import("@tensorflow/tfjs")).default;
    tf.enableProdMode();
    await tf.setBackend("cpu");
    const { loadClassifier } = await moduleOf("tfjs", "predict.js");
    const model = await loadClassifier(tf);
    return { one: (text) => model.predict(text), many: (some) => model.predict(some) };
  },
  async "onnxruntime-node"() {
    const ort = (await import("onnxruntime-node")).default;
    const { loadClassifier } = await moduleOf("onnx", "predict.js");
    const model = await loadClassifier(ort);
    return { one: (text) => model.predict(text), many: (some) => model.predict(some) };
  },
  async "fasttext.wasm.js"() {
    const { getFastTextClass, getFastTextModule } = await import("fasttext.wasm.js");
    const FastText = await getFastTextClass({ getFastTextModule });
    const model = await new FastText().loadModel(pathToFileURL(join(folder, "fasttext.bin")).href);
    const one = (text) => model.predict(spaced(text), 1, 0).get(0);
    return { one, many: (some) => some.map(one) };
  },
};

/** Writes a text as fastText reads it: in small letters, with spaces around signs. */
function spaced(text) {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}\s]/gu, " $& ");
}

const begun = performance.now();
const { one, many, explain } = await OPEN[name]();
await one(texts[0]);
const firstMs = performance.now() - begun;

/** Returns texts a second of `predict`, which takes batches of `size`, after a warm-up of half the time. */
async function rateOf(size, predict) {
  let [at, count, since] = [0, 0, performance.now()];
  const warm = since + 500 * seconds;
  const end = since + 1500 * seconds;
  for (let isWarm = false;;) {
    const some = texts.slice(at, at + size);
    at = at + size < texts.length ? at + size : 0;
    await predict(size === 1 ? some[0] : some);
    count += some.length;
    const now = performance.now();
    if (!isWarm && now > warm) [isWarm, count, since] = [true, 0, now];
    else if (now > end) return 1000 * count / (now - since);
  }
}

console.log(JSON.stringify({
  firstMs,
  one: await rateOf(1, one),
  many: await rateOf(BATCH, many),
  ...explain && { explain: await rateOf(1, explain) },
}));
process.exit(0);
