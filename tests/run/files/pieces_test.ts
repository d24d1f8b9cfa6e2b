/** Tests run directories with missing files, or with files of another run. */
import { assertEquals, assertRejects } from "@std/assert";
import { appendFile, readFile, rm } from "node:fs/promises";
import { InputError } from "../../../lib/base/errors.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { finalSummary } from "../../../lib/run/log/summary.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, tinyRunConfig, workerUrl } from "../tiny_run.ts";

Deno.test("resume() begins a run killed before it had a log, and refuses one with a lost log", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir);
    await run.log.close();
    const options = { config: tinyRunConfig(runsDir), workerUrl, cores: 2 };
    await rm(run.log.path);
    const again = await TrainingRun.resume(run.directory, options);
    const { digest } = await again.train();
    assertEquals(digest, (await (await createTinyRun(runsDir)).train()).digest);
    await rm(run.log.path);
    await assertRejects(() => TrainingRun.resume(run.directory, options), InputError, run.log.path);
  }));

Deno.test("an event of another run in a log is refused by its line, and does not end the run", () =>
  inTemporaryDirectory(async (runsDir) => {
    const other = await createTinyRun(runsDir);
    await other.train();
    const run = await createTinyRun(runsDir, { seed: 9 });
    await run.log.close();
    const foreign = JSON.parse((await readFile(other.log.path, "utf8")).trim().split("\n").at(-1)!);
    await appendFile(run.log.path, `${JSON.stringify({ ...foreign, id: 1 })}\n`);
    assertEquals(await finalSummary(run.directory, run), undefined);
    const options = { config: tinyRunConfig(runsDir), workerUrl, cores: 2 };
    const message = `line 1 is of run ${other.id}, expected run ${run.id}`;
    await assertRejects(() => TrainingRun.resume(run.directory, options), InputError, message);
    await assertRejects(() => Array.fromAsync(verifyRun(run.directory, options)), RangeError, message);
    assertEquals((await RunLibrary.saved(run.directory, run.id).get(run.id))?.summary, null);
  }));
