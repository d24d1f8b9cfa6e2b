/** Tests that the memory of a run does not grow after warm-up. */
import { assert, assertEquals } from "@std/assert";
import { createTfjsEngine } from "../../../lib/engine/tfjs/engine.ts";
import { loadTfjs } from "../../../lib/engine/tfjs/backend.ts";
import { createClaims } from "../../../lib/lockstep/work_stealing.ts";
import { initialState } from "../../../lib/lockstep/initial_state.ts";
import { createPlan } from "../../../lib/lockstep/plan.ts";
import { sharedRun } from "../../../lib/lockstep/memory/views.ts";
import { readState, writeState } from "../../../lib/lockstep/memory/state.ts";
import { runWorkerLoop } from "../../../lib/lockstep/worker_loop.ts";
import { tinyConfig } from "../../lockstep/tiny.ts";
import { inTemporaryDirectory } from "../temporary.ts";

/** About ten seconds on two cores. */
const ROUNDS = 100_000;
const MIB = 2 ** 20;

interface Sample {
  readonly round: number;
  readonly rss: number;
  readonly heapUsed: number;
}

Deno.test(`${ROUNDS} rounds grow neither heap nor resident memory after warm-up`, () =>
  inTemporaryDirectory(async (folder) => {
    const script = new URL("long_run.ts", import.meta.url).pathname;
    const args = ["run", "-q", "-A", "--v8-flags=--expose-gc", "--no-check", script, folder, String(ROUNDS)];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const samples: Sample[] = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
    assert(samples.length >= 10, `only ${samples.length} samples`);
    assert(samples.at(-1)!.round >= 0.9 * ROUNDS);
    // The first third compiles code and fills arenas. The test finds a leak of one small object a round.
    const third = Math.floor(samples.length / 3);
    const growth = (name: "rss" | "heapUsed") => {
      const values = samples.map((sample) => sample[name]);
      return (values.at(-1)! - Math.max(...values.slice(0, third))) / MIB;
    };
    const details = JSON.stringify(samples);
    // Up to two thousand of the newest events stay in memory, of less than a KiB each.
    assert(growth("heapUsed") < 2, `the heap grew by ${growth("heapUsed")} MiB: ${details}`);
    assert(growth("rss") < 12, `resident memory grew by ${growth("rss")} MiB: ${details}`);
  }));

Deno.test("rounds on tfjs leave no tensor behind", async () => {
  const tf = await loadTfjs("cpu");
  for (const average of ["weights", "gradients"] as const) {
    const training = tinyConfig({ engine: "tfjs", epochs: 30, batchSize: 2, average });
    const counts: number[] = [];
    for (const lastRound of [10, 110]) {
      const common = { workerTimeoutMs: 1000, maxRestarts: 0, chaos: {}, spin: true };
      const config = { training, workers: 1, lastRound, ...common };
      const plan = createPlan(config);
      const run = sharedRun(plan.map);
      writeState(run, initialState(plan, training));
      // This is the loop of a worker in this thread, where the test can count tensors.
      const engine = await createTfjsEngine({ ...plan.engine, backend: "cpu" });
      runWorkerLoop({ worker: 0, attempt: 0, config }, plan, run, engine, createClaims(run.claims));
      assertEquals(readState(run, training).round, lastRound);
      counts.push(tf.memory().numTensors);
    }
    assertEquals(counts[1], counts[0]);
  }
});
