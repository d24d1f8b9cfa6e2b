/**
 * Bundles the program for engines without TypeScript: one file for each entry point, and shared chunks beside them. Packages
 * of npm stay imports.
 */
import { build, type BuildOptions, type Loader, type Plugin, stop } from "esbuild";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { dashboardAssets } from "../dashboard/assets.ts";
import { ROOT } from "./declarations.ts";
import { apart, kernels } from "./exported.ts";
import project from "../deno.json" with { type: "json" };

/** The entry points as place in the package → file. That of the root makes the chunk of this name lie in no other's file. */
const ENTRIES = {
  main: "main.ts",
  mod: "mod.ts",
  "workers/train": "workers/train.ts",
  "workers/ngrams": "workers/ngrams.ts",
  "workers/predict": "workers/predict.ts",
  "workers/folds": "workers/folds.ts",
  root: "package/root.ts",
};

/** Modules that read sources and remove types at run time: here they have their results. */
const PREPARED: Readonly<Record<string, () => string>> = {
  "dashboard/assets.ts": () => {
    // The page names commands as the users of the package call them.
    return `const assets = ${
      JSON.stringify([...dashboardAssets()]).replaceAll("deno task", "npx lockstep")
    };\nexport const dashboardAssets = () => new Map(assets);`;
  },
};

/** A module of a package that the program reads as bytes, and does not run. */
const PACKAGED_BYTES = "packaged-bytes";
const LOADERS: Readonly<Record<string, Loader>> = { text: "text", bytes: "binary" };
const PACKAGE_ROOT = "package/root.ts";
/** The files of specifiers that are no packages of npm. */
const OWN_FILES: Readonly<Record<string, string>> = {
  "@std/assert": "compat/std-assert/mod.ts",
  "@std/cli/parse-args": "compat/std-cli/parse_args.ts",
  "package-root": PACKAGE_ROOT,
};
const THREAD_URL = /(?<=new URL\("[./]*workers\/\w+\.)ts(?=", import\.meta\.url\))/g;
/** Matches a module's own URL where others are relative to it. */
const BASE_URL = /(?<=new URL\("[^"]*", )import\.meta\.url(?=\))/g;

/** Reads modules of this project as Deno does. */
const asDeno: Plugin = {
  name: "deno",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, with: attributes }) => {
      if (kind === "entry-point") return undefined;
      const own = OWN_FILES[path];
      if (own !== undefined) return { path: resolve(ROOT, own) };
      return attributes.type === "bytes" ? { path, namespace: PACKAGED_BYTES } : { path, external: true };
    });
    onLoad({ filter: /.*/, namespace: PACKAGED_BYTES }, ({ path }) => ({
      contents: `import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
export default readFileSync(createRequire(import.meta.url).resolve(${JSON.stringify(path)}));`,
    }));
    onLoad({ filter: /.*/ }, async ({ path, with: { type } }) => {
      const name = relative(ROOT, path);
      if (name === "deno.json") return { contents: JSON.stringify({ version: project.version }), loader: "json" };
      const loader = LOADERS[type ?? ""];
      if (loader !== undefined) return { contents: await readFile(path), loader };
      const prepared = PREPARED[name];
      if (prepared !== undefined) return { contents: prepared(), loader: "js" };
      return { contents: placed(name, await readFile(path, "utf8")), loader: "ts" };
    });
  },
};

/** Returns the text of the module `name`, in which URLs are relative to the module's place in the project, also in a chunk. */
function placed(name: string, text: string): string {
  if (name === PACKAGE_ROOT) return text;
  const own = `new URL(${JSON.stringify(name)}, PACKAGE_ROOT).href`;
  const moved = text.replaceAll(THREAD_URL, "js").replaceAll(BASE_URL, own);
  if (moved === text) return text;
  // In one line with the module's first, so that the source map is exact.
  return `import { PACKAGE_ROOT } from "package-root"; ${moved}`;
}

/** The entry point for browsers: one file, which imports that of the tokenizers of Hugging Face for a model with such. */
const PREDICTOR = { predict: "predict.ts", huggingface: "lib/data/tokenizers/exact_tokenizer.ts" };

/** Writes the bundles to `folder` and returns the names of the packages of npm that they import. */
export async function writeBundles(folder: string): Promise<string[]> {
  try {
    const plugins = [kernels, apart];
    const [needed] = await bundle(folder, { entryPoints: PREDICTOR, platform: "browser", minify: true, plugins });
    if (needed) throw new Error(`predict.ts must import no package, but needs ${needed}`);
    const chunkNames = "chunk-[hash]";
    return await bundle(folder, { entryPoints: ENTRIES, platform: "node", splitting: true, chunkNames });
  } finally {
    await stop();
  }
}

/** Writes a bundle for Node of the module `file`, such as a test, to the file `name`.js in `outdir`. */
export async function writeBundle(outdir: string, name: string, file: string): Promise<void> {
  try {
    await bundle(outdir, { entryPoints: { [name]: file }, platform: "node" });
  } finally {
    await stop();
  }
}

/** Writes bundles to `outdir` and returns the names of the packages of npm that they import. */
async function bundle(outdir: string, options: BuildOptions): Promise<string[]> {
  const { metafile } = await build({
    ...options,
    outdir,
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    target: "es2023",
    sourcemap: true,
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    plugins: [...options.plugins ?? [], asDeno],
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const names = imports.filter(({ external }) => external).map(({ path }) => packageOf(path));
  return [...new Set(names)].filter((name) => !/^(?:node:|\.)/.test(name)).sort();
}

/** Returns the name of the package of a specifier: `@a/b` of `@a/b/c.wasm`. */
function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}
