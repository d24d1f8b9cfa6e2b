import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { InputError, TrainingError } from "../../../lib/base/errors.ts";
import { type EventOf, eventSchema, type RunEvent } from "../../../lib/base/events.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { sharedRun } from "../../../lib/lockstep/memory/views.ts";
import { readState, stateDigest } from "../../../lib/lockstep/memory/state.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { readCheckpoint } from "../../../lib/run/files/checkpoint.ts";
import { resolveRun } from "../../../lib/run/files/directory.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import type { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { plainHeldOut, plainModel, plainTraining } from "../../lockstep/plain_rounds.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, tinyRunConfig } from "../tiny_run.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";

keepThreads(3);

async function eventsOf(run: TrainingRun): Promise<RunEvent[]> {
  const lines = (await readFile(join(run.directory, "events.jsonl"), "utf8")).trimEnd().split("\n");
  return lines.map((line) => eventSchema.parse(JSON.parse(line)));
}
function ofType<Type extends RunEvent["type"]>(events: readonly RunEvent[], type: Type): EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => event.type === type);
}

Deno.test("train() leaves events, checkpoint, model and summary that agree", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { engine: "tfjs", backend: "cpu" });
    assertEquals(run.state, "running");
    const summary = await run.train();
    assertEquals(run.state, "finished");
    const { seconds, sequencesPerSecond, digest, heldOut, ...rest } = summary;
    assertEquals(rest, {
      run: run.id,
      best: null,
      reason: "all epochs done",
      epochs: 2,
      rounds: 4,
      steps: 8,
      sequences: 8 * 3 * 6,
      workers: 2,
      shards: 3,
      engine: "tfjs/cpu",
    });
    assertAlmostEquals(sequencesPerSecond, 144 / seconds, 1e-6);

    const events = await eventsOf(run);
    assertEquals(events.map(({ id }) => id), events.map((_, i) => i + 1));
    assertEquals([events[0]!.type, events.at(-1)!.type], ["started", "finished"]);
    // 12·4 embeddings, 4·20 and 5·20 kernels, 20 biases; 5·2 and 2 of the dense layer.
    const [started] = ofType(events, "started");
    assertEquals([started!.run, started!.parameters, started!.labels], [run.id, 260, ["odd", "even"]]);
    const epochs = ofType(events, "epoch");
    assertEquals(epochs.map(({ epoch, round, step }) => [epoch, round, step]), [[1, 2, 4], [2, 4, 8]]);
    assertEquals(epochs.at(-1)!.heldOut, heldOut!);
    const [checkpoint] = ofType(events, "checkpoint");
    assertEquals([checkpoint!.round, checkpoint!.step, checkpoint!.digest], [4, 8, digest]);
    assertEquals(ofType(events, "finished")[0]!.summary, summary);
    assertEquals(JSON.parse(await readFile(join(run.directory, "summary.json"), "utf8")), summary);

    const state = await readCheckpoint(run.directory, checkpoint!.file, taskModel(run.config).layout);
    assertEquals(await stateDigest(state), digest);
    const model = await readModel(run.directory);
    assertEquals([model.run, model.version.round, model.version.digest], [run.id, 4, digest]);
    const files = ["checkpoints", "events.jsonl", "model", "run.json", "summary.json"];
    assertEquals((await readdir(run.directory)).sort(), files);
    assertEquals(await realpath(await resolveRun(join(runsDir, "latest"))), await realpath(run.directory));

    // A plain version on one thread gives the same state and metrics.
    const plain = await plainModel(run.config);
    const { values } = plainTraining(plain, run.config);
    assertEquals(state.values, values);
    assertEquals(model.version.weights, values.subarray(0, plain.layout.size));
    assertAlmostEquals(heldOut!.loss, plainHeldOut(plain, model.version.weights).loss, 1e-6);
  }));

Deno.test("train() ends with the same digest for any number of workers", () =>
  inTemporaryDirectory(async (runsDir) => {
    const digests = new Set<string>();
    for (const workers of [1, 3, "auto"] as const) {
      digests.add((await (await createTinyRun(runsDir, { workers })).train()).digest);
    }
    assertEquals(digests.size, 1);
  }));

Deno.test("train() logs progress in ascending rounds, up to the last", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { epochs: 30 });
    const summary = await run.train();
    const progress = ofType(await eventsOf(run), "progress");
    const rounds = progress.map(({ round }) => round);
    assertEquals(rounds, [...new Set(rounds)].sort((a, b) => a - b));
    assertEquals([rounds.at(-1), progress.at(-1)!.step], [summary.rounds, summary.steps]);
  }));

Deno.test("train() writes a checkpoint only after it has logged all earlier epochs", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { epochs: 2000, heldOut: 30, checkpointEvery: 1 }, 1);
    await run.train();
    let logged = 0;
    let checkpoints = 0;
    for (const event of await eventsOf(run)) {
      if (event.type === "epoch") logged = event.round;
      if (event.type !== "checkpoint") continue;
      checkpoints++;
      const lastEpoch = event.round - event.round % 2; // two rounds an epoch
      // A resumed run logs the state's own epoch again, but no earlier ones.
      assert(logged >= lastEpoch - 2, `A checkpoint of round ${event.round} after the epoch of round ${logged}`);
    }
    assert(checkpoints > 1);
  }));

Deno.test("stop() ends once, after the present round, with all files of a finished run", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { epochs: 1_000_000 });
    const reading = new AbortController();
    const stopping = (async () => {
      for await (const { type } of run.log.read(0, reading.signal)) {
        if (type !== "progress") continue;
        run.stop(StopReason.signal);
        run.stop(StopReason.time);
        return run.state;
      }
      return undefined;
    })();
    const deadline = setTimeout(() => run.stop(StopReason.time), PATIENCE_MS);
    const summary = await run.train();
    clearTimeout(deadline);
    reading.abort();
    assertEquals(await stopping, "stopping");
    assertEquals(summary.reason, "asked to stop");
    const events = await eventsOf(run);
    assertEquals(ofType(events, "stopping").map(({ reason }) => reason), ["asked to stop"]);
    assertEquals(ofType(events, "epoch").at(-1)!.round, summary.rounds);
    assertEquals((await readModel(run.directory)).version.digest, summary.digest);
    run.stop(StopReason.signal); // harmless now
  }));

Deno.test("maxSeconds ends a run after the round that passes it", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { epochs: 1_000_000, maxSeconds: 0.2 });
    const summary = await run.train();
    assertEquals(summary.reason, "time is up");
    assert(summary.seconds >= 0.19, `It took ${summary.seconds} s`);
  }));

Deno.test("newest has the newest committed weights, and the initial ones before the first round", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir);
    const read = () => {
      const { newest } = run;
      if (!("memory" in newest)) return newest;
      const state = readState(sharedRun(newest.map, newest.memory), run.config);
      return { round: state.round, digest: stateDigest(state) };
    };
    const before = read();
    assertEquals(before.round, 0);
    const summary = await run.train();
    assertEquals(ofType(await eventsOf(run), "started")[0]!.digest, before.digest);
    const after = read();
    assertEquals([after.round, after.digest], [summary.rounds, summary.digest]);
    assertStrictEquals(run.newest, run.newest);
  }));

Deno.test("train() logs why it failed, and saves the newest committed state", () =>
  inTemporaryDirectory(async (runsDir) => {
    // Adam without an epsilon divides 0 by 0 for unseen tokens: weights are not finite after one step.
    const dense = { vocabulary: 400, embeddingRows: "dense" } as const;
    const run = await createTinyRun(runsDir, { adamEpsilon: 0, ...dense, averageEvery: 1, epochs: 50 });
    const error = await assertRejects(() => run.train(), TrainingError);
    assertMatch(
      error.message,
      /^Worker \d failed: The weights of shard 0 are not finite after step 1: training diverged/,
    );
    assertEquals(run.state, "failed");
    const events = await eventsOf(run);
    assertEquals(events.map(({ id }) => id), events.map((_, i) => i + 1));
    const last = events.at(-1)!;
    assert(last.type === "failed");
    assertEquals(last.error, error.message);
    for (const { file, digest } of ofType(events, "checkpoint")) {
      const state = await readCheckpoint(run.directory, file, taskModel(run.config).layout);
      assertEquals(await stateDigest(state), digest);
    }
    assertEquals((await readdir(run.directory)).sort(), ["checkpoints", "events.jsonl", "run.json"]);
  }));

Deno.test("create() refuses a model that is too large for a shared memory, before it allocates any", () =>
  inTemporaryDirectory(async (runsDir) => {
    const huge = { vocabulary: 1_000_000, embedding: 2048, hidden: 2048, shards: 256 };
    const error = await assertRejects(() => createTinyRun(runsDir, huge), InputError, "4 GiB");
    assertEquals(error.problems.map(({ field }) => field), ["shards"]);
    assertEquals(await readdir(runsDir), []);
  }));

Deno.test("create() writes the manifest before the run starts", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir);
    await run.log.close();
    const manifest = JSON.parse(await readFile(join(run.directory, "run.json"), "utf8"));
    assertEquals([manifest.id, manifest.startedAt, manifest.workers], [run.id, run.startedAt, 2]);
    assertEquals(manifest.config, run.config);
    assertEquals(manifest.config.hidden, tinyRunConfig(runsDir).hidden);
    for (const digest of [manifest.configDigest, manifest.dataDigest]) assertMatch(digest, /^[0-9a-f]{64}$/);
  }));
