/**
 * Sorts test files into three groups by their imports: `tools` need a program that a machine may lack, `fast` start no
 * process, thread or browser, and `slow` are the others.
 */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { importedFiles } from "../import_rules.ts";

export const GROUPS = ["tools", "slow", "fast"] as const;
export type Group = typeof GROUPS[number];

/** Files that compute for longer than a second, although they start no process or thread. */
export const LONG_FILES: readonly string[] = [
  "tests/cluster/nats/slow_link_test.ts",
  "tests/cluster/protocol_test.ts",
  "tests/cluster/toy/failures_test.ts",
  "tests/data/encode/row_keys_test.ts",
  "tests/data/tokenizers/exact_test.ts",
  "tests/data/tokenizers/find_test.ts",
  "tests/data/tokenizers/linear_test.ts",
  "tests/engine/simd/engine_test.ts",
  "tests/engine/simd/options_test.ts",
  "tests/lockstep/memory/state_test.ts",
  "tests/ngrams/train_test.ts",
  "tests/run/files/checkpoint_test.ts",
  "tests/run/log/log_history_test.ts",
  "tests/serve/fuzz_test.ts",
  "tests/serve/http/doors_test.ts",
  "tests/serve/http/streams_test.ts",
  "tests/serve/routes/openapi_test.ts",
];

const STARTS = /\bnew Worker\(|\bDeno\.Command\b|\bchromium\.launch\b|\/workers\/\w+\.ts"|"(?:\.\.\/)+mod\.ts"/;
const OPTIONAL = "tests/optional.ts";

/** Sorts the test files of `files` (path → text) into their groups; imports among `files` count as well. */
export function groupFiles(files: ReadonlyMap<string, string>, longFiles = LONG_FILES): Record<Group, string[]> {
  const groups: Record<Group, string[]> = { tools: [], slow: [], fast: [] };
  for (const path of files.keys()) {
    if (!path.endsWith("_test.ts")) continue;
    const read = withImports(path, files);
    const isSlow = longFiles.includes(path) || [...read].some((name) => STARTS.test(files.get(name)!));
    groups[read.has(OPTIONAL) ? "tools" : isSlow ? "slow" : "fast"].push(path);
  }
  return groups;
}

/** Reads the sources under tests/, by their paths from the project's root. */
export function testFiles(): Map<string, string> {
  const root = new URL("../../", import.meta.url);
  const paths = readdirSync(new URL("tests/", root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts")).map((name) => posix.join("tests", name)).sort();
  return new Map(paths.map((path) => [path, readFileSync(new URL(path, root), "utf8")]));
}

/** Finds the files that the one at `path` imports, itself included. */
function withImports(path: string, files: ReadonlyMap<string, string>): ReadonlySet<string> {
  const found = new Set([path]);
  for (const name of found) {
    for (const target of importedFiles(name, files.get(name)!)) if (files.has(target)) found.add(target);
  }
  return found;
}
