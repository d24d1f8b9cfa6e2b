import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError, train, TrainingStopped, tune, type TuneTrial } from "../../mod.ts";
import { keepThreads } from "../lockstep/kept_threads.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { SMALL, smallRows } from "./small.ts";

keepThreads(2);

/** Leaves the choices of pooling and weight decay, so that trials run out before the time. */
const OPTIONS = {
  ...SMALL,
  epochs: 1,
  learningRate: 0.02,
  dropout: 0,
  tokenizer: "words",
  minCount: 1,
  punctuation: "keep",
  lowercase: true,
  pooling: "max",
  metric: "accuracy",
  minutes: 60,
} as const;

Deno.test("tune() compares all configs on rows in memory, and returns the run that its config makes", async () => {
  const data = smallRows();
  async function* stream() {
    for (const row of data) yield await Promise.resolve(row);
  }
  const seen: TuneTrial[] = [];
  await using run = await tune({ ...OPTIONS, data: stream(), onTrial: (trial) => void seen.push(trial) });
  assertEquals(run.trials, seen);
  assertEquals(seen.length, 20);
  assertEquals(new Set(seen.map(({ changes }) => JSON.stringify(changes))), new Set(["{}", '{"weightDecay":0.1}']));
  assert(seen.every(({ score, accuracy }) => score === accuracy));
  const { minutes: _, ...options } = OPTIONS;
  await using again = await train({ ...options, ...run.config, data });
  assertEquals(again.summary.digest, run.summary.digest);
  assertEquals(again.summary.validation, run.summary.validation);
});

Deno.test("tune() with a size compares small models of rows in memory", async () => {
  // One config is left.
  await using run = await tune({ ...OPTIONS, data: smallRows(), weightDecay: 0, size: "6kB" });
  const [trial, ...more] = run.trials;
  assertEquals([more.length, typeof trial?.whole, trial?.score], [0, "number", trial?.accuracy]);
});

Deno.test("tune() refuses bad options, and stops its trials when its signal aborts", async () => {
  const data = smallRows();
  await assertRejects(() => tune({ ...OPTIONS, data, minutes: -1 }), InputError, "minutes is -1: expected a number");
  await assertRejects(() => tune({ ...OPTIONS, data, size: "much" }), InputError, 'size is "much": expected bytes');
  await assertRejects(() => tune({ ...OPTIONS, data, size: 500 }), InputError, "size is 500 bytes: expected at least");
  await assertRejects(() => tune({ ...OPTIONS, data: [], minutes: 1 }), InputError, "data");
  await assertRejects(() => tune({ ...OPTIONS, data, keepRuns: 3 }), InputError, "keepRuns is given");
  await inTemporaryDirectory(async (runsDir) => {
    const stop = new AbortController();
    const onTrial = () => stop.abort(new Error("enough"));
    const stopped = await assertRejects(
      () => tune({ ...OPTIONS, data, runsDir, onTrial, signal: stop.signal }),
      TrainingStopped,
    );
    assertEquals([stopped.run, stopped.cause], [undefined, stop.signal.reason]);
  });
});
