/** The suite ends by itself, and fails, when any worker is made to hang: shown by one test for each kind of worker. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { cp } from "node:fs/promises";
import { ROOT } from "./cli/process.ts";
import { PATIENCE_MS } from "./patience.ts";

/** What takes the place of a worker's module: it sleeps, or computes for ever, once it is told what to do. */
const HANGS = {
  sleeps: "self.onmessage = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 86_400_000);",
  spins: "self.onmessage = () => { for (;;); };",
} as const;

/** How long the tests of the copies wait for a sign of life. */
const SHORT_MS = 4_000;

/** What tests and product are made of. */
const PARTS = ["compat", "dashboard", "deno.json", "deno.lock", "kernels", "lib", "main.ts", "tests", "workers"];

/** A copy of this tree, but for one worker. */
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
  ["predict.ts", "spins", "tests/predict/predictor_test.ts", "/shares the batch/", "did not answer within 4 s"],
  ["ngrams.ts", "sleeps", "tests/cli/data/data_test.ts", "/baseline makes of it/", "no sign of life for 4 s"],
] as const;

/** Runs one test of the copy at `root`. It is killed at the deadline. */
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
