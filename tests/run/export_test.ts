import { assertAlmostEquals, assertEquals } from "@std/assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import tfjsBundle from "npm:@tensorflow/tfjs@4.22.0/dist/tf.min.js" with { type: "text" };
import { chromium } from "playwright-core";
import { trainingConfig } from "../../lib/config/schema.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { taskModel } from "../../lib/model/task_model.ts";
import { exportModel } from "../../lib/run/export.ts";
import { writeModel } from "../../lib/run/model_files.ts";
import { openSaved } from "../../lib/predict/saved.ts";
import type { Prediction } from "../../lib/predict/types.ts";
import { CHROMIUM, CHROMIUM_FLAGS, isFile } from "../dashboard/browser.ts";
import { inTemporaryDirectory } from "./temporary.ts";
import { tinyRunConfig } from "./tiny_run.ts";

const PYTHON = "/usr/bin/python3";

/** Of every length that the model takes. */
const sequences = [[3], [11, 0, 7, 7], [1, 2], [5, 4, 3], [0, 0, 0, 0]];

const models = [
  {},
  { bidirectional: true, pooling: "max", layers: 2 },
  { bidirectional: true, pooling: "last", lstmBiases: 2 },
  { pooling: "mean" },
] as const;

/** Gives `use` the export of each of the models, and what the product itself predicts. */
async function eachExport(
  format: "tfjs" | "safetensors",
  use: (folder: string, expected: readonly Prediction[]) => Promise<void>,
): Promise<void> {
  for (const change of models) {
    await inTemporaryDirectory(async (directory) => {
      const config = trainingConfig(tinyRunConfig("runs", { ...change, seed: 8 }));
      const { dataset: { labels }, spec, layout } = taskModel(config);
      const run = "20260101-000000-abcd";
      const version = { round: 1, digest: "d1ge57", weights: initialWeights(spec, layout, config) };
      await writeModel(directory, { run, config, labels, version });
      const folder = join(directory, "exported");
      const files = await exportModel(directory, format, folder);
      assertEquals(files.sort(), (await readdir(folder)).sort());
      const predict = await openSaved({ config, labels, version });
      await use(folder, predict(sequences));
    });
  }
}

function assertSame(found: readonly Prediction[], expected: readonly Prediction[]): void {
  assertEquals(found.map((one) => [one.class, one.label]), expected.map((one) => [one.class, one.label]));
  for (const [index, { probabilities }] of found.entries()) {
    const wanted = expected[index]!.probabilities;
    assertEquals(probabilities.length, wanted.length);
    probabilities.forEach((value, label) => assertAlmostEquals(value, wanted[label]!, 1e-5));
  }
}

async function hasPytorch(): Promise<boolean> {
  try {
    return (await new Deno.Command(PYTHON, { args: ["-c", "import torch"], stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const withoutPytorch = await hasPytorch() ? "" : ` (skipped: ${PYTHON} has no torch)`;
Deno.test({
  name: `exportModel(safetensors): model.py predicts in PyTorch what the product predicts${withoutPytorch}`,
  ignore: withoutPytorch !== "",
  fn: () =>
    eachExport("safetensors", async (folder, expected) => {
      const python = new Deno.Command(PYTHON, {
        args: ["-B", join(folder, "model.py")],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const writer = python.stdin.getWriter();
      await writer.write(new TextEncoder().encode(sequences.map((tokens) => `${JSON.stringify(tokens)}\n`).join("")));
      await writer.close();
      const { stdout } = await python.output();
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      assertSame(lines.map((line) => JSON.parse(line)), expected);
      // And all rows in one padded batch.
      const script = "import json, sys, model; " +
        "print(json.dumps(model.predict(*model.load(sys.path[0]), json.loads(sys.argv[1]))))";
      const batch = await new Deno.Command(PYTHON, {
        args: [
          "-B",
          "-c",
          `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); ${script}`,
          JSON.stringify(sequences),
        ],
      }).output();
      assertSame(JSON.parse(new TextDecoder().decode(batch.stdout)), expected);
    }),
});

const withoutChromium = isFile(CHROMIUM) ? "" : ` (skipped: there is no ${CHROMIUM})`;
Deno.test({
  name: `exportModel(tfjs): stock tfjs in a browser predicts what the product predicts${withoutChromium}`,
  ignore: withoutChromium !== "",
  // The driver of the browser keeps timers and pipes of its process beyond close().
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    try {
      await eachExport("tfjs", async (folder, expected) => {
        const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
          const { pathname } = new URL(url);
          if (pathname === "/") return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
          const type = pathname.endsWith(".js") ? "text/javascript" : "application/octet-stream";
          const body = pathname === "/tf.js" ? tfjsBundle : await Deno.readFile(join(folder, pathname));
          return new Response(body, { headers: { "content-type": type } });
        });
        try {
          const page = await browser.newPage();
          await page.goto(`http://127.0.0.1:${server.addr.port}/`);
          await page.addScriptTag({ url: "/tf.js" });
          const found: Prediction[] = await page.evaluate(`(async () => {
            await tf.setBackend("cpu");
            const { loadClassifier } = await import("/predict.js");
            const classifier = await loadClassifier(tf, "/");
            return ${JSON.stringify(sequences)}.map((tokens) => classifier.predict(tokens));
          })()`);
          assertSame(found, expected);
          await page.close();
        } finally {
          await server.shutdown();
        }
      });
    } finally {
      await browser.close();
    }
  },
});
