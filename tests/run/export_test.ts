import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import tfjsBundle from "npm:@tensorflow/tfjs@4.22.0/dist/tf.min.js" with { type: "text" };
import fc from "fast-check";
import { chromium } from "playwright-core";
import type { GramSpace } from "../../lib/baseline/grams.ts";
import { type Config, trainingConfig } from "../../lib/config/schema.ts";
import { openPreprocessing, type PreprocessingJson } from "../../lib/data/preprocessing.ts";
import { createTokenizer } from "../../lib/data/tokenizers/create.ts";
import { Spans } from "../../lib/data/tokenizers/tokenizer.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { taskModel } from "../../lib/model/task_model.ts";
import { exportModel } from "../../lib/run/export.ts";
import { characterTable } from "../../lib/run/exported/characters.ts";
import modelPy from "../../lib/run/exported/model.py" with { type: "text" };
import { writeModel } from "../../lib/run/model_files.ts";
import { createReader } from "../../lib/predict/reader.ts";
import { openSaved } from "../../lib/predict/saved.ts";
import type { Prediction } from "../../lib/predict/types.ts";
import { CHROMIUM, CHROMIUM_FLAGS } from "../dashboard/browser.ts";
import { tinyNgrams } from "../baseline/tiny_ngrams.ts";
import { executableAbsence, optionalTest } from "../optional.ts";
import { PYTHON, pytorchAbsence, withPython } from "./python.ts";
import { inTemporaryDirectory } from "./temporary.ts";
import { tinyRunConfig } from "./tiny_run.ts";

/** Of every length that the model takes. */
const sequences = [[3], [11, 0, 7, 7], [1, 2], [5, 4, 3], [0, 0, 0, 0]];

const texts = [
  "ha ho",
  "Hé he, hé!",
  "it's HA-HO'ho  now",
  "",
  "你好 ha\u0301 ho",
  "ΣΑΣ\u3000ha",
  "x".repeat(9),
  "ho ha ho ha he",
];
const vocabulary = ["ha", "ho", "he", "h", "a", "o", " ", "hé", "σας", "你"];

interface Case {
  readonly change: Partial<Config>;
  /** Of a model of text. */
  readonly tokenizer?: PreprocessingJson["tokenizer"];
  readonly truncate?: "end" | "start";
  readonly space?: GramSpace;
}

const ids: readonly Case[] = [
  { change: {} },
  { change: { bidirectional: true, pooling: "max", layers: 2 } },
  { change: { bidirectional: true, pooling: "last", lstmBiases: 2 } },
  { change: { pooling: "mean" } },
];
const ofText: readonly Case[] = [
  { change: {}, tokenizer: { kind: "words", lowercase: true, punctuation: "keep" } },
  {
    change: { bidirectional: true, pooling: "max" },
    tokenizer: { kind: "words", lowercase: true, punctuation: "drop" },
    truncate: "start",
    space: { order: 2, tokens: 12, features: 76 },
  },
  { change: {}, tokenizer: { kind: "chars", lowercase: false }, space: { order: 4, tokens: 12, features: 140 } },
  // Some tokens have no feature of their own.
  { change: {}, tokenizer: { kind: "codes" }, space: { order: 4, tokens: 5, features: 69 } },
];

type Input = string | readonly number[];

/** Gives `use` the export of each of the models, what is asked of it, and what the product itself predicts. */
async function eachExport(
  format: "tfjs" | "safetensors",
  use: (folder: string, inputs: readonly Input[], expected: readonly Prediction[]) => Promise<void>,
  cases = [...ids, ...ofText],
): Promise<void> {
  for (const { change, tokenizer, truncate = "end", space } of cases) {
    await inTemporaryDirectory(async (directory) => {
      const config = trainingConfig(tinyRunConfig("runs", { ...change, seed: 8 }));
      const { dataset: { labels }, spec, layout } = taskModel(config);
      const run = "20260101-000000-abcd";
      const weights = initialWeights(spec, layout, config);
      const version = { round: 1, digest: "d1ge57", weights, ...space && { ngrams: tinyNgrams(space, labels.length) } };
      const preprocessing = tokenizer && { tokenizer, vocabulary, maxLength: 4, truncate };
      await writeModel(directory, { run, config, labels, version, ...preprocessing && { preprocessing } });
      const folder = join(directory, "exported");
      const files = await exportModel(directory, format, folder);
      assertEquals(files.sort(), (await readdir(folder)).sort());
      const predict = await openSaved({ config, labels, version });
      const reader = createReader(config, preprocessing);
      const inputs: Input[] = preprocessing ? [...sequences, ...texts] : sequences;
      const read = (input: Input) => typeof input === "string" ? reader.readText(input, "the text").tokens : input;
      await use(folder, inputs, predict(inputs.map(read)));
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

const withoutPytorch = pytorchAbsence();
optionalTest(withoutPytorch, {
  name: `exportModel(safetensors): model.py predicts in PyTorch what the product predicts`,
  fn: () =>
    withPython(
      `
  folder, inputs = question
  sys.path[0] = folder
  sys.modules.pop("model", None)
  import model
  loaded = model.load(folder)
  # One by one, and all rows in one padded batch.
  answer = [loaded.predict([one])[0] for one in inputs] + loaded.predict(inputs)`,
      (ask) =>
        eachExport("safetensors", async (folder, inputs, expected) => {
          assertSame(JSON.parse(await ask([folder, inputs])), [...expected, ...expected]);
        }),
    ),
});

optionalTest(withoutPytorch, {
  name: "model.py answers a line of standard input with a line",
  fn: () =>
    eachExport("safetensors", async (folder, inputs, expected) => {
      const isText = inputs.some((input) => typeof input === "string");
      const asked = [...inputs.keys()].filter((at) =>
        isText ? typeof inputs[at] === "string" && inputs[at] !== "" : true
      );
      const python = new Deno.Command(PYTHON, {
        args: ["-B", join(folder, "model.py")],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const writer = python.stdin.getWriter();
      const lines = asked.map((at) => `${isText ? inputs[at] : JSON.stringify(inputs[at])}\n`);
      await writer.write(new TextEncoder().encode(lines.join("")));
      await writer.close();
      const { stdout } = await python.output();
      const answers = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
      assertSame(answers, asked.map((at) => expected[at]!));
    }, [ids[0]!, ofText[1]!]),
});

optionalTest(withoutPytorch, {
  name: "model.py refuses what it does not know, where it would predict something else",
  fn: () =>
    inTemporaryDirectory((folder) =>
      withPython(
        `
  sys.path[0], kind, change = question
  import model
  plain = {"tokenizer": {"kind": "words", "lowercase": True, "punctuation": "keep"}, "vocabulary": [], "maxLength": 4,
    "truncate": "end"}
  try:
    if kind == "lstm": model.Lstm(9, 2, 2, 2, **change)
    else: model.Encoder({**plain, **change}, {"lower": {}, "kinds": {}})
    answer = "taken"
  except ValueError as error:
    answer = str(error)`,
        async (ask) => {
          await Deno.writeTextFile(join(folder, "model.py"), modelPy);
          const told = async (kind: string, change: unknown) => JSON.parse(await ask([folder, kind, change]));
          assertEquals(await told("lstm", { pooling: "max" }), "taken");
          assertStringIncludes(await told("lstm", { pooling: "median" }), "pooling is 'median': expected last or mean");
          assertEquals(await told("text", {}), "taken");
          assertStringIncludes(await told("text", { truncate: "middle" }), "truncate is 'middle'");
          assertStringIncludes(await told("text", { tokenizer: { kind: "bytes" } }), "tokenizer is 'bytes'");
        },
      )
    ),
});

/** Any characters, those of the tokenizers' rules more often than others. */
const anyText = fc.array(
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.string({ unit: "grapheme", maxLength: 3 }),
    fc.constantFrom(
      "'",
      "’",
      " ",
      "\u0301",
      "\u200d",
      "\u00a0",
      "\ufeff",
      "İ",
      "Σ",
      "ΑΣ",
      "ß",
      "_",
      "don't",
      "你",
      "ก",
    ),
    fc.constantFrom("𐐀", "𠀀", "😀", "\ud800", "𝟘", "\u{1e8d0}", "\u{10d50}", "ǅ", "ﬁ", "\t", "\u0085", "\u2028"),
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));

optionalTest(withoutPytorch, {
  name: "model.py cuts any text as the product does",
  async fn() {
    // Whether a Σ is the last letter of a word is for Python to say, which may not know the letters beside it.
    const samples = fc.sample(anyText.filter((text) => !/Σ/.test(text) || !/[^\0-\uffff]/u.test(text)), {
      numRuns: 3000,
      seed: 11,
    });
    const kinds: PreprocessingJson["tokenizer"][] = [
      { kind: "words", lowercase: true, punctuation: "keep" },
      { kind: "words", lowercase: false, punctuation: "drop" },
      { kind: "chars", lowercase: true },
      { kind: "codes" },
    ];
    const body = `
  sys.path[0], preprocessing, characters, samples = question
  import model
  encode = model.Encoder(preprocessing, characters)
  answer = [encode(text) for text in samples]`;
    await inTemporaryDirectory((folder) =>
      withPython(body, async (ask) => {
        await Deno.writeTextFile(join(folder, "model.py"), modelPy);
        for (const tokenizer of kinds) {
          const spans = new Spans();
          const cut = createTokenizer(tokenizer);
          const tokens = samples.map((text) => {
            cut.cut(text, spans);
            return spans.strings().map(String);
          });
          const known = [...new Set(tokens.flat())];
          const preprocessing: PreprocessingJson = { tokenizer, vocabulary: known, maxLength: 1000, truncate: "end" };
          const { encode } = openPreprocessing(preprocessing);
          const found: number[][] = JSON.parse(await ask([folder, preprocessing, characterTable(), samples]));
          for (const [index, text] of samples.entries()) {
            assertEquals(found[index], [...encode(text).tokens], `${tokenizer.kind} of ${JSON.stringify(text)}`);
          }
        }
      })
    );
  },
});

optionalTest(executableAbsence(CHROMIUM), {
  name: `exportModel(tfjs): stock tfjs in a browser predicts what the product predicts`,
  // The driver of the browser keeps timers and pipes of its process beyond close().
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    try {
      await eachExport("tfjs", async (folder, inputs, expected) => {
        const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
          const { pathname } = new URL(url);
          if (pathname === "/") return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
          if (pathname === "/favicon.ico") return new Response(null, { status: 404 });
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
            return ${JSON.stringify(inputs)}.map((input) => classifier.predict(input));
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
