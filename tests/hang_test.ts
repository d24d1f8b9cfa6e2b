/** Tests that the suite fails and ends by itself if a worker hangs, by one test for each kind of worker. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { cp } from "node:fs/promises";
import { ROOT } from "./cli/process.ts";
import { PATIENCE_MS } from "./patience.ts";

/** Replaces a worker's module: on its first message the worker sleeps, or computes without end. */
const HANGS = {
  sleeps: "self.onmessage = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 86_400_000);",
  spins: "self.onmessage = () => { for (;;); };",
} as const;

/** Limits how long the copied tests wait for a sign of life. */
const SHORT_MS = 4_000;

/** Lists the files and folders of tests and product: the program's modules in the root are found, as they become more. */
const PARTS = [
  ...["compat", "dashboard", "deno.json", "deno.lock", "kernels", "lib", "tests", "workers"],
  ...[...Deno.readDirSync(ROOT)].map(({ name }) => name).filter((name) => name.endsWith(".ts")),
];

/** Calls `use` with a copy of this tree in which one worker is replaced. */
async function withHanging(worker: string, source: string, use: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const part of PARTS) await cp(ROOT + part, `${root}/${part}`, { recursive: true });
    await Deno.stat(`${root}/workers/${worker}`);
    await Deno.writeTextFile(`${root}/workers/${worker}`, source);
    await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const cases = [
  ["train.ts", "sleeps", "tests/lockstep/pause_test.ts", "/ends a pause/", "no sign of life for 4 s"],
  ["train.ts", "spins", "tests/lockstep/pause_test.ts", "/ends a pause/", "no sign of life for 4 s"],
  [
    "predict.ts",
    "spins",
    "tests/predict/predictor_test.ts",
    "/answers of the plain model/",
    "did not answer within 4 s",
  ],
  ["ngrams.ts", "sleeps", "tests/cli/data/data_test.ts", "/evaluates itself and a baseline/", "silent for 4 s"],
] as const;

/** Runs one test of the copy at `root`, and kills it at the deadline. */
async function outcome(root: string, path: string, filter: string): Promise<{ code: number; output: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-q", "-A", "--no-check", "--filter", filter, path],
    cwd: root,
    env: { NO_COLOR: "1", LOCKSTEP_TEST_PATIENCE_MS: String(SHORT_MS) },
    stderr: "piped",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  return { code, output: new TextDecoder().decode(stdout) };
}

Deno.test("a test fails in time, and its process ends, when its workers hang", async () => {
  await Promise.all(
    cases.map(([worker, hang, path, filter, reason]) =>
      withHanging(worker, HANGS[hang], async (root) => {
        const { code, output } = await outcome(root, path, filter);
        assertEquals(code, 1, `workers/${worker} ${hang}: ${output}`);
        assertStringIncludes(output, "0 passed | 1 failed");
        assertStringIncludes(output, reason);
      })
    ),
  );
});
