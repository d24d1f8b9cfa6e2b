/**
 * Bundles lib/run/export/js/entry.ts to the modules that `export --to js` writes; they are committed, so that an export needs
 * no bundler. With `--check` it writes nothing and fails if one is not what the sources give.
 */
import { build, type Plugin, stop } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../lib/run/export/js/", import.meta.url);
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

/** Returns the modules that `export --to js` writes, by their names, of the sources at hand. */
export async function exportedModules(): Promise<Map<string, string>> {
  const bundled = async (entry: string, plugins: Plugin[]) => {
    const { outputFiles: [file] } = await build({
      entryPoints: [fileURLToPath(new URL(entry, FOLDER))],
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      legalComments: "none",
      write: false,
      plugins,
    });
    return file!.text;
  };
  try {
    return new Map([
      ["index.js", await bundled("entry.ts", [kernels, apart])],
      ["huggingface.js", await bundled("../../../data/tokenizers/exact_tokenizer.ts", [])],
    ]);
  } finally {
    await stop();
  }
}

if (import.meta.main) {
  for (const [name, text] of await exportedModules()) {
    const path = new URL(name.replace(/\.js$/, ".gen.js"), FOLDER);
    if (!Deno.args.includes("--check")) await writeFile(path, text);
    else if (await readFile(path, "utf8") !== text) {
      throw new Error(`${fileURLToPath(path)} is not what its sources give: run \`deno task exported\``);
    }
  }
}
