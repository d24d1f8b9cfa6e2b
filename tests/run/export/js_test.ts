/** Runs what `export --to js` writes: in Node, on a page, bundled, and with its types. */
import { assert, assertEquals } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";
import { chromium } from "playwright-core";
import ts from "typescript";
import { exportedModules } from "../../../package/exported.ts";
import types from "../../../lib/run/export/js/index.gen.d.ts" with { type: "text" };
import * as entry from "../../../lib/run/export/js/entry.ts";
import type { Prediction } from "../../../lib/predict/types.ts";
import { CHROMIUM, CHROMIUM_FLAGS, despiteNetworkChanges } from "../../dashboard/browser/browser.ts";
import { executableAbsence, optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import {
  type Case,
  eachExport,
  ids,
  type Input,
  isFields,
  ofColumnPieces,
  ofColumns,
  ofHuggingFace,
  ofText,
} from "./cases.ts";

/** The process of esbuild ends some time after stop(). */
const BUNDLING = { sanitizeOps: false, sanitizeResources: false };

Deno.test("the committed modules of exports equal their bundled sources", BUNDLING, async () => {
  for (const [name, text] of await exportedModules()) {
    const path = new URL(`../../../lib/run/export/${name}`, import.meta.url);
    assert(await readFile(path, "utf8") === text, `${name} is stale: run \`deno task exported\``);
  }
});

const SIZES = "index.js with all kernels has less than 40 kB compressed, huggingface.js and reading.js less than 15";
Deno.test(SIZES, BUNDLING, async () => {
  const modules = await exportedModules();
  const most = { "js/index": 40_000, "js/huggingface": 15_000, "browser/reading": 15_000 };
  for (const [name, bytes] of Object.entries(most)) {
    const { length } = gzipSync(modules.get(`${name}.gen.js`)!, { level: 9 });
    assert(length < bytes, `${name} has ${length} bytes`);
  }
});

/** The cases whose texts this program cuts by itself. */
const cases: readonly Case[] = [...ids, ...ofText, { ...ofHuggingFace, rules: 2 }, ofColumns[0]!, ofColumnPieces];

/** Calls `use` with the export of each model, inputs that it takes, and their predictions. */
function eachModel(
  use: (folder: string, inputs: readonly Input[], expected: readonly Prediction[]) => Promise<void>,
  chosen: readonly Case[] = cases,
): Promise<void> {
  return eachExport("js", async (folder, inputs, expected, { tokenizer }) => {
    const takes = (input: Input) =>
      isFields(input) || (tokenizer ? typeof input === "string" || typeof input[0] === "string" : input.length === 4);
    const taken = [...inputs.keys()].filter((index) => takes(inputs[index]!));
    assert(taken.length > 0);
    await use(folder, taken.map((index) => inputs[index]!), taken.map((index) => expected[index]!));
  }, chosen);
}

/** Compares all numbers exactly: JSON keeps every bit of them. */
function assertSameBits(found: readonly Prediction[], expected: readonly Prediction[]): void {
  assertEquals(found.length, expected.length);
  for (const [index, wanted] of expected.entries()) {
    const { class: best, label, probabilities, rejected } = found[index]!;
    assertEquals({ best, label, probabilities, rejected }, {
      best: wanted.class,
      label: wanted.label,
      probabilities: wanted.probabilities,
      rejected: wanted.rejected,
    });
  }
}

const PROGRAM = `
import { load } from "./index.js";
const inputs = JSON.parse(process.argv[2]);
const model = await load();
console.log(JSON.stringify(inputs.map((input) => model.predict(input))));
`;

async function run(command: string, folder: string, ...args: readonly string[]): Promise<string> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: folder,
    stdin: "null",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const withoutNode = programAbsence("node", ["--version"]);
optionalTest(withoutNode, {
  name: "exportModel(js): Node predicts with the bits of the product",
  fn: () =>
    eachModel(async (folder, inputs, expected) => {
      await writeFile(join(folder, "program.js"), PROGRAM);
      const said = await run("node", folder, "program.js", JSON.stringify(inputs));
      assertSameBits(JSON.parse(said), expected);
    }),
});

optionalTest(withoutNode, {
  name: "exportModel(js): a bundle of esbuild predicts with the bits of the product",
  ...BUNDLING,
  fn: () =>
    eachModel(async (folder, inputs, expected) => {
      await writeFile(join(folder, "program.js"), PROGRAM);
      try {
        const entryPoints = [join(folder, "program.js")];
        await build({ entryPoints, bundle: true, format: "esm", outfile: join(folder, "bundled.mjs") });
      } finally {
        await stop();
      }
      await run("rm", folder, "index.js", "huggingface.js");
      assertSameBits(JSON.parse(await run("node", folder, "bundled.mjs", JSON.stringify(inputs))), expected);
    }, [ofText[2]!, { ...ofHuggingFace, rules: 2 }]),
});

const PAGE = `<!doctype html><script type="module">
import { load } from "./index.js";
const model = await load();
globalThis.ask = (inputs) => [inputs.map((input) => model.predict(input)), model.predictMany(inputs)];
</script>`;

optionalTest(executableAbsence(CHROMIUM), {
  name: "exportModel(js): a page predicts with the bits of the product",
  fn: async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    try {
      await eachModel(async (folder, inputs, expected) => {
        const types: Record<string, string> = { js: "text/javascript", html: "text/html" };
        const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
          const name = new URL(request.url).pathname.slice(1);
          if (name === "page.html") return new Response(PAGE, { headers: { "content-type": "text/html" } });
          const content = await readFile(join(folder, name)).catch(() => undefined);
          const type = types[name.split(".").at(-1)!] ?? "application/octet-stream";
          return content
            ? new Response(Uint8Array.from(content), { headers: { "content-type": type } })
            : new Response("", { status: 404 });
        });
        try {
          await despiteNetworkChanges(async (watch) => {
            const page = await browser.newPage();
            page.setDefaultTimeout(PATIENCE_MS);
            watch(page);
            await page.goto(`http://127.0.0.1:${server.addr.port}/page.html`);
            await page.waitForFunction("globalThis.ask");
            const [one, many] = await page.evaluate<Prediction[][]>(`ask(${JSON.stringify(inputs)})`);
            assertSameBits(one!, expected);
            assertEquals(many!.map(({ label }) => label), expected.map(({ label }) => label));
            await page.close();
          });
        } finally {
          await server.shutdown();
        }
      });
    } finally {
      await browser.close();
    }
  },
});

Deno.test("index.d.ts describes index.js, and a strict program compiles with it", async () => {
  const declared = [...types.matchAll(/^export declare (?:class|function) (\w+)/gm)].map(([, name]) => name);
  assertEquals(declared.sort(), Object.keys(entry).sort());
  await inTemporaryDirectory(async (folder) => {
    await mkdir(join(folder, "model"));
    await writeFile(join(folder, "model/index.d.ts"), types);
    const program = join(folder, "program.ts");
    await writeFile(
      program,
      `import { InputError, load, type Prediction } from "./model/index.js";
const model = await load(new URL("https://example.org/model.lockstep"));
const answers: Prediction[] = model.predictMany(["a text", ["a", 1]], { top: 2 });
const label: string | null = model.predict("a text", { reject: 0.9 }).label;
const best: string | undefined = answers[0]?.top?.[0]?.label;
console.log(label, best, new Error() instanceof InputError);
// @ts-expect-error -- there is no such input
model.predict({ text: ["a"] });
`,
    );
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: [],
    };
    await writeFile(join(folder, "package.json"), `{"type": "module"}`);
    const found = ts.getPreEmitDiagnostics(ts.createProgram([program], options));
    assertEquals(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")), []);
  });
});
