/**
 * Bundles the modules that exports to JavaScript have; they are committed, so that an export needs no bundler. With `--check`
 * it writes nothing and fails if one is not what the sources give.
 */
import { build, type Plugin, stop } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { someDeclarations } from "./declarations.ts";

const FOLDER = new URL("../lib/run/export/", import.meta.url);
const TOKENIZER = /tokenizers\/exact_tokenizer\.ts$/;

/** Decodes `digits` without a string for each byte. */
const DECODE = `const bytes = new Uint8Array(digits.length / 2);
const valueOf = (at) => (digits.charCodeAt(at) & 15) + (digits.charCodeAt(at) >> 6) * 9;
for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * valueOf(2 * i) + valueOf(2 * i + 1);
export default bytes;`;

/**
 * Embeds kernels as hexadecimal digits: compressed with the code, they are shorter than in base64, which hides that parts
 * repeat.
 */
export const kernels: Plugin = {
  name: "kernels",
  setup({ onLoad }) {
    onLoad({ filter: /\.wasm$/ }, async ({ path }) => {
      const digits = JSON.stringify((await readFile(path)).toString("hex"));
      return { contents: `const digits = ${digits};\n${DECODE}` };
    });
  },
};

/** Leaves the tokenizers of Hugging Face in a file of their own, which only their models load. */
export const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    onResolve(
      { filter: TOKENIZER },
      ({ kind }) => kind === "dynamic-import" ? { path: "./huggingface.js", external: true } : undefined,
    );
  },
};

/** The entry point of each module; those of Hugging Face's tokenizers are a module of their own. */
const ENTRIES = {
  "js/index.gen.js": "js/entry.ts",
  "js/huggingface.gen.js": "../../data/tokenizers/exact_tokenizer.ts",
  "browser/reading.gen.js": "browser/entry.ts",
};

/** The types of the module that `export --to js` writes, by the modules that declare them. */
const TYPES = {
  "lib/standalone/answer_types.ts": ["Input", "Prediction", "PredictOptions", "Reasons"],
  "lib/base/errors.ts": ["Problem", "InputError"],
  "lib/standalone/load.ts": ["LoadOptions"],
  "lib/standalone/model.ts": ["Model"],
  "lib/run/export/js/entry.ts": ["load"],
};

/** Returns the declarations of these types. Programs for older targets do not know Symbol.dispose. */
async function exportedTypes(): Promise<string> {
  const parts = Object.entries(TYPES).map(([name, types]) => someDeclarations(name, types));
  return `/// <reference lib="esnext.disposable" />\n\n${(await Promise.all(parts)).join("\n\n")}\n`;
}

/** Returns the modules and their types by their paths in lib/run/export, of the sources at hand. */
export async function exportedModules(): Promise<Map<string, string>> {
  const modules = new Map([["js/index.gen.d.ts", await exportedTypes()]]);
  try {
    for (const [path, entry] of Object.entries(ENTRIES)) {
      const { outputFiles: [file] } = await build({
        entryPoints: [fileURLToPath(new URL(entry, FOLDER))],
        bundle: true,
        minify: true,
        format: "esm",
        target: "es2022",
        legalComments: "none",
        write: false,
        plugins: [kernels, apart],
      });
      modules.set(path, file!.text);
    }
  } finally {
    await stop();
  }
  return modules;
}

if (import.meta.main) {
  for (const [name, text] of await exportedModules()) {
    const path = new URL(name, FOLDER);
    if (!Deno.args.includes("--check")) await writeFile(path, text);
    else if (await readFile(path, "utf8") !== text) {
      throw new Error(`${fileURLToPath(path)} is not what its sources give: run \`deno task exported\``);
    }
  }
}
