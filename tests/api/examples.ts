/** Finds the examples of the library: those of the README and docs/library.md, and those in docstrings of what mod.ts exports. */
import { readdirSync, readFileSync } from "node:fs";
import { ROOT } from "../cli/process.ts";

export interface Example {
  /** The file that has it, and its number there. */
  readonly name: string;
  readonly code: string;
}

const BLOCK = /^```ts\n([^]*?)^```$/gm;

/** Returns the examples of a file, those of docstrings without the stars. */
function examplesOf(path: string): Example[] {
  const text = readFileSync(`${ROOT}${path}`, "utf8").replaceAll(/^ \* ?/gm, "");
  return [...text.matchAll(BLOCK)].map(([, code], at) => ({ name: `${path} ${at + 1}`, code: code! }));
}

export function libraryExamples(): Example[] {
  const types = readdirSync(`${ROOT}lib/api/types`).sort().map((name) => `lib/api/types/${name}`);
  return ["README.md", "docs/library.md", "mod.ts", ...types, "lib/base/errors.ts"].flatMap(examplesOf);
}
