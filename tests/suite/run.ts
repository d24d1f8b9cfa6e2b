// deno-lint-ignore-file no-console -- a command for people
/**
 * Runs the tests: `run.ts [fast|slow|tools] [FILES AND FLAGS OF deno test…]`. It runs one test file more at a time than
 * there are cores, as tests wait for processes and timers; `DENO_JOBS` sets another number. `LOCKSTEP_TEST_HALF`, 0 or 1,
 * leaves out every other file that is not fast. It prints the ten slowest files and exits as `deno test` does.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseKernels } from "../../lib/engine/simd/native/library.ts";
import { type Group, groupFiles, GROUPS, testFiles } from "./groups.ts";
import { slowestFiles } from "./slowest.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FAST = ["first_half", "second_half"].map((half) => `tests/suite/fast/${half}.ts`);

/** Reads the lines that `optional.ts` wrote, as test's name → path of its file. */
function readOrigins(path: string): Map<string, string> {
  const lines = existsSync(path) ? Deno.readTextFileSync(path).matchAll(/^(\S+) (.*)$/gm) : [];
  return new Map(Array.from(lines, ([, url, name]) => [name!, relative(ROOT, fileURLToPath(url!))]));
}

/** Lists what to give to `deno test` for `groups`: long files first, so that no core waits at the end for one of them. */
function modulesOf(groups: readonly Group[]): string[] {
  const files = groupFiles(testFiles());
  const half = Deno.env.get("LOCKSTEP_TEST_HALF");
  const isWanted = (_: string, at: number) => half === undefined || at % 2 === Number(half);
  return groups.flatMap((group) => group === "fast" ? FAST : files[group].filter(isWanted));
}

const isGroup = (word: string | undefined): word is Group => GROUPS.some((group) => group === word);
const [first] = Deno.args;
const args = isGroup(first) ? Deno.args.slice(1) : Deno.args;
const hasPaths = args.some((word) => !word.startsWith("-") && existsSync(join(ROOT, word)));
const modules = hasPaths ? [] : modulesOf(isGroup(first) ? [first] : GROUPS);

// A library of older sources makes every command warn, and many tests read what commands print.
if (chooseKernels("auto").notice !== undefined) {
  const args = ["run", "-q", "-A", "kernels/native/build.ts"];
  await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdout: "inherit", stderr: "inherit" }).spawn().status;
}

const folder = Deno.makeTempDirSync();
try {
  const report = join(folder, "report.xml");
  const origins = join(folder, "origins.txt");
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-q", "-A", "--no-check", "--parallel", `--junit-path=${report}`, ...args, ...modules],
    cwd: ROOT,
    env: {
      DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(availableParallelism() + 1),
      LOCKSTEP_TEST_ORIGINS: origins,
    },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (existsSync(report)) {
    console.log("Slowest files:");
    for (const { path, seconds } of slowestFiles(Deno.readTextFileSync(report), 10, readOrigins(origins))) {
      console.log(`${seconds.toFixed(1).padStart(7)} s  ${path}`);
    }
  }
  Deno.exitCode = code;
} finally {
  Deno.removeSync(folder, { recursive: true });
}
