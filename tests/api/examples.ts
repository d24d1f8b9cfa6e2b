/** Finds the examples of the library: those of the README and docs/library.md, and those in docstrings of its exports. */
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
  const filesIn = (folder: string) => readdirSync(`${ROOT}${folder}`).sort().map((name) => `${folder}/${name}`);
  const modules = [
    "mod.ts",
    ...filesIn("lib/api/types"),
    "lib/base/errors.ts",
    "lib/model/label_findings.ts",
    "predict.ts",
    ...filesIn("lib/standalone"),
  ];
  return ["README.md", "docs/library.md", ...modules].flatMap(examplesOf);
}
