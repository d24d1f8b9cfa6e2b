/** Runs that are resumed with more epochs than they had. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../../lib/base/errors.ts";
import type { Summary } from "../../../lib/base/events.ts";
import type { Config } from "../../../lib/config/schema.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { shareFile } from "../../../lib/run/files/lock.ts";
import { readManifest } from "../../../lib/run/files/manifest.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { readRun } from "../../../lib/run/library/saved_runs.ts";
import { readRunEvents } from "../../../lib/run/log/event_log.ts";
import { finalSummary } from "../../../lib/run/log/summary.ts";
import { rewriteManifest, withEpochs } from "../../../lib/run/files/more_epochs.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, tinyRunConfig, workerUrl } from "../tiny_run.ts";

keepThreads(4);

const own: Partial<Config> = { schedule: "linear", shards: 4, moments: "local" };

function opened(directory: string, epochs?: number, change: Partial<Config> = {}): Promise<TrainingRun> {
  const config = tinyRunConfig(join(directory, ".."), { ...own, ...change });
  return TrainingRun.resume(directory, { config, workerUrl, cores: 2 }, epochs);
}

async function extended(directory: string, epochs?: number, change: Partial<Config> = {}): Promise<Summary> {
  return await (await opened(directory, epochs, change)).train();
}

async function digestOf(runsDir: string, change: Partial<Config>): Promise<string> {
  return (await (await createTinyRun(runsDir, { ...own, ...change })).train()).digest;
}

Deno.test("a run with more epochs has one digest, however many workers, stops and processes it had", () =>
  inTemporaryDirectory(async (runsDir) => {
    const expected = await digestOf(runsDir, { epochs: 7, extendedAfter: "2,4" });
    for (const workers of [1, 2, 4]) {
      const run = await createTinyRun(runsDir, { ...own, epochs: 2, workers });
      await run.train();
      assertNotEquals((await extended(run.directory, 4, { workers })).digest, expected);
      const stopped = await opened(run.directory, 7, { workers: 1 });
      stopped.stop(StopReason.signal);
      assert((await stopped.train()).epochs < 7);
      const summary = await extended(run.directory, undefined, { workers, chaos: "kill=0.1", maxRestarts: 1000 });
      assertEquals([summary.digest, summary.epochs, summary.reason], [expected, 7, "all epochs done"]);
      const { config } = await readManifest(run.directory);
      assertEquals([config.epochs, config.extendedAfter], [7, "2,4"]);
      assertEquals((await readModel(run.directory)).version.digest, expected);
      const { state, config: listed, summary: last } = (await readRun(run.directory))!;
      assertEquals([state, listed.epochs, last?.digest], ["finished", 7, expected]);
    }
  }));

Deno.test("a run that is stopped takes its own epochs first, and then the others", () =>
  inTemporaryDirectory(async (runsDir) => {
    const expected = await digestOf(runsDir, { epochs: 6, extendedAfter: "3" });
    const run = await createTinyRun(runsDir, { ...own, epochs: 3 });
    run.stop(StopReason.signal);
    assert((await run.train()).epochs < 3);
    assertEquals((await extended(run.directory, 6)).digest, expected);
  }));

Deno.test("a run with more epochs is verified in all its parts, and its log has each epoch once", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { ...own, epochs: 2 });
    await run.train();
    await extended(run.directory, 5);
    const config = tinyRunConfig(runsDir, own);
    const compared = await Array.fromAsync(verifyRun(run.directory, { config, workerUrl, cores: 2 }));
    assertEquals(compared.map(({ round }) => round), [2, 4, 6, 8, 10]);
    assert(compared.every(({ recorded, computed }) => recorded === computed));
    const events = await Array.fromAsync(readRunEvents(run.log.path, run.id));
    assertEquals(events.map(({ id }) => id), events.map((_, at) => at + 1));
    assertEquals(events.flatMap((event) => event.type === "epoch" ? [event.epoch] : []), [1, 2, 3, 4, 5]);
    assertEquals(events.flatMap((event) => event.type === "resumed" ? [event.epochs] : []), [5]);
  }));

Deno.test("a run with a constant schedule has the digest of one that began with all its epochs", () =>
  inTemporaryDirectory(async (runsDir) => {
    const constant = { schedule: "constant" } as const;
    const expected = await digestOf(runsDir, { ...constant, epochs: 4 });
    const run = await createTinyRun(runsDir, { ...own, ...constant, epochs: 2 });
    await run.train();
    assertEquals((await extended(run.directory, 4)).digest, expected);
  }));

Deno.test("a run whose process ended right after it got more epochs is not complete", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { ...own, epochs: 2 });
    await run.train();
    const manifest = await readManifest(run.directory);
    assert(await finalSummary(run.directory, manifest));
    assertEquals(await finalSummary(run.directory, manifest, 3), undefined);
    await rewriteManifest(run.directory, await withEpochs(manifest, 3));
    assertEquals(await finalSummary(run.directory, await readManifest(run.directory)), undefined);
    assertEquals((await extended(run.directory)).epochs, 3);
    assert(await finalSummary(run.directory, await readManifest(run.directory)));
  }));

Deno.test("resume() with epochs refuses fewer than the run has, and changes nothing", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { ...own, epochs: 2 });
    await run.train();
    const before = await Deno.readTextFile(join(run.directory, "run.json"));
    await assertRejects(() => opened(run.directory, 1), InputError, "`epochs` is 1: expected more than 2");
    const server = await shareFile(join(run.directory, "run.json"));
    await assertRejects(() => opened(run.directory, 3), InputError, "while another process serves it");
    server.close();
    assertEquals(await Deno.readTextFile(join(run.directory, "run.json")), before);
    assertEquals((await extended(run.directory, 3)).epochs, 3);
  }));

Deno.test("finalSummary() refuses more epochs for a run that ended for another reason", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { ...own, epochs: 9, targetAccuracy: 0.01 });
    assertEquals((await run.train()).epochs, 1);
    const manifest = await readManifest(run.directory);
    const message = "`epochs` is 20: more epochs change nothing";
    await assertRejects(() => finalSummary(run.directory, manifest, 20), InputError, message);
    assert(await finalSummary(run.directory, manifest, 9));
  }));
