import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Prediction } from "../../../lib/predict/types.ts";
import { encodeModel } from "../../../lib/run/export/onnx/model.ts";
import { message } from "../../../lib/run/export/onnx/protobuf.ts";
import { CHROMIUM } from "../../dashboard/browser/browser.ts";
import { executableAbsence, optionalTest } from "../../optional.ts";
import { npmAbsence } from "../../package/project.ts";
import { loadOnnx, onnxFolder, removeOnnx } from "./onnxruntime.ts";
import { pythonAbsence, withPython } from "./python.ts";
import {
  assertSame,
  type Case,
  eachExport,
  ids,
  ofColumns,
  ofHuggingFace,
  ofPieces,
  ofText,
  questionOf,
} from "./cases.ts";
import { withPages } from "./pages.ts";

/** Every pooling in one and two directions, with one LSTM and several of uneven sizes. */
const shapes: readonly Case[] = (["last", "mean", "max"] as const).flatMap((pooling) =>
  [false, true].flatMap((bidirectional) => [
    { change: { pooling, bidirectional } },
    { change: { pooling, bidirectional, layers: 3, hidden: 33, embedding: 17 } },
  ])
);

/** The module of an export, as a program in JavaScript sees it. */
interface Classifier {
  predict(input: unknown, options?: { readonly reject?: number }): Promise<Prediction & Prediction[]>;
}

async function load(ort: unknown, folder: string): Promise<Classifier> {
  const { loadClassifier } = await import(pathToFileURL(join(folder, "predict.js")).href);
  return await loadClassifier(ort, folder);
}

Deno.test.afterAll(removeOnnx);

for (const name of ["onnxruntime-node", "onnxruntime-web"] as const) {
  optionalTest(npmAbsence, {
    name: `exportModel(onnx): ${name} makes the predictions of the product to 1e-6, also in padded batches`,
    // The libraries keep their threads and their WebAssembly.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const ort = await loadOnnx(name);
      ort.env.wasm.numThreads = 1;
      await eachExport("onnx", async (folder, inputs, expected, { several }) => {
        const { predict } = await load(ort, folder);
        const questions = inputs.map(questionOf);
        assertSame(await predict(questions), expected);
        // They start together, and a session runs them one after the other.
        assertSame(await Promise.all(questions.map((question) => predict(question))), expected);
        assertEquals(await predict([]) as unknown, []);
        await assertRejects(() => predict(null), Error, "input is null: expected a");
        const wanted = several ? "expected 0" : "expected at most 0.9";
        await assertRejects(() => predict(questions[0], { reject: 0.95 }), Error, wanted);
      }, [...shapes, ...ids, ...ofText, ofHuggingFace, ofPieces, ...ofColumns]);
    },
  });
}

optionalTest(pythonAbsence("onnxruntime"), {
  name: "exportModel(onnx): predict.py makes the predictions of the product to 1e-6",
  fn: () =>
    withPython(
      `
  folder, questions = question
  sys.path[0] = folder
  sys.modules.pop("predict", None)
  import predict
  loaded = predict.load(folder)
  answer = [loaded.predict(one) for one in questions] + loaded.predict(questions)`,
      (ask) =>
        eachExport("onnx", async (folder, inputs, expected) => {
          assertSame(JSON.parse(await ask([folder, inputs.map(questionOf)])), [...expected, ...expected]);
        }, [...shapes, ...ids, ...ofText, ofHuggingFace, ...ofColumns]),
    ),
});

optionalTest(npmAbsence ?? executableAbsence(CHROMIUM), {
  name: "exportModel(onnx): onnxruntime-web in a browser makes the predictions of the product",
  // The driver of the browser keeps timers and pipes of its process beyond close().
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const name of ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"]) {
      files.set(`/${name}`, await Deno.readFile(join(await onnxFolder("onnxruntime-web"), "dist", name)));
    }
    await withPages((evaluate) =>
      eachExport("onnx", async (folder, inputs, expected) => {
        const found = await evaluate(
          folder,
          files,
          `const ort = await import("/ort.wasm.bundle.min.mjs");
          ort.env.wasm.numThreads = 1;
          const { loadClassifier } = await import("/predict.js");
          return await (await loadClassifier(ort)).predict(${JSON.stringify(inputs.map(questionOf))});`,
        ) as Prediction[];
        assertSame(found, expected);
      }, [ids[1]!, ofText[2]!, ofPieces])
    );
  },
});

optionalTest(npmAbsence, {
  name: "exportModel(onnx): no token past a row's length changes the row's probabilities",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const native = await loadOnnx("onnxruntime-node");
    await eachExport("onnx", async (folder) => {
      const session = await native.InferenceSession.create(join(folder, "model.onnx"));
      const run = async (padding: number) => {
        const tokens = Int32Array.of(3, 5, padding, padding, 4, padding, padding, padding, 7, 8, 9, 1);
        const feeds = {
          tokens: new native.Tensor("int32", tokens, [3, 4]),
          lengths: new native.Tensor("int32", Int32Array.of(2, 1, 4), [3]),
        };
        const { probabilities } = await session.run(feeds);
        return [...probabilities!.data];
      };
      assertEquals(await run(0), await run(11));
    }, shapes);
  },
});

Deno.test("message() encodes fields as the examples of Protocol Buffers' documentation", () => {
  assertEquals([...message([[1, 150]])], [0x08, 0x96, 0x01]);
  assertEquals([...message([[2, "testing"]])], [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67]);
  assertEquals([...message([[3, message([[1, 150]])]])], [0x1A, 0x03, 0x08, 0x96, 0x01]);
  assertEquals([...message([[4, ["a", ""]], [5, undefined], [16, 2 ** 40]])].slice(0, 5), [0x22, 1, 0x61, 0x22, 0]);
  assertEquals([...message([[16, 2 ** 40]])], [0x80, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
});

Deno.test("encodeModel() refuses a model that is larger than the format allows", () => {
  const values = new Float32Array(0);
  Object.defineProperty(values, "byteLength", { value: 2 ** 31 });
  const graph = { nodes: [], inputs: [], outputs: [], weights: [{ name: "w", shape: [2 ** 29], values }] };
  assertThrows(() => encodeModel(graph, {}), RangeError, "larger than the 2 GB of an ONNX file");
});
