import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError, TrainingError } from "../../../lib/base/errors.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import type { Config } from "../../../lib/config/schema.ts";
import { latestRun, listRuns } from "../../../lib/run/files/directory.ts";
import { readManifest } from "../../../lib/run/files/manifest.ts";
import { adoptRun, continueRun } from "../../../lib/run/learning/continued_run.ts";
import { openTraining } from "../../../lib/run/training/open_training.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";
import { inTemporaryDirectory } from "../temporary.ts";

keepThreads(4);

const threads = {
  workerUrl: new URL("../../../workers/train.ts", import.meta.url),
  baselineUrl: new URL("../../../workers/ngrams.ts", import.meta.url),
  cores: 2,
};
const small = { hidden: 4, embedding: 5, batchSize: 4, epochs: 3, ngrams: "none", letterRows: 50 } as const;

function rowsOf(classes: readonly string[]): string {
  const rows = classes.flatMap((name) =>
    Array.from({ length: 20 }, (_, row) => `about ${name}x item${row % 7},${name}`)
  );
  return `text,label\n${rows.join("\n")}\n`;
}

/** Trains a run on two classes, and calls `use` with it and a file of two others. */
function withRun(use: (run: { id: string; directory: string }, file: string, runsDir: string) => Promise<void>) {
  return inTemporaryDirectory(async (runsDir) => {
    const [old, file] = [join(runsDir, "old.csv"), join(runsDir, "new.csv")];
    await Deno.writeTextFile(old, rowsOf(["b", "d"]));
    await Deno.writeTextFile(file, rowsOf(["c", "a"]));
    const values = { ...small, runsDir, data: [old] };
    const run = await openTraining(
      (defaults) => resolveConfig(undefined, [{ values, nameOf: (key) => key }], defaults),
      threads,
    );
    await run.train();
    await use(run, file, runsDir);
  });
}

const { signal } = new AbortController();

Deno.test("continueRun() gives one digest for 1 and 2 workers, and its parent stays the latest", () =>
  withRun(async (parent, file, runsDir) => {
    const digests = [];
    for (const workers of [1, 2]) {
      const values: Partial<Config> = { workers, epochs: 8 };
      const { id, directory, summary, accuracies } = await continueRun(parent.directory, {
        data: [file],
        values,
        threads,
        signal,
      });
      assertEquals([directory, await latestRun(runsDir)], [join(runsDir, id), parent.id]);
      assertEquals((await readManifest(directory)).from?.run, parent.id);
      assertEquals([accuracies.run, accuracies.old?.rows, accuracies.new?.rows], [parent.id, 4, 4]);
      digests.push(summary.digest);
      await adoptRun(directory);
      assertEquals(await latestRun(runsDir), id);
      await adoptRun(parent.directory);
    }
    assertEquals(digests[0], digests[1]);
  }));

Deno.test("continueRun() leaves no run behind rows that are wrong, a failed training, or a signal", () =>
  withRun(async (parent, file, runsDir) => {
    const go = (change: object) =>
      continueRun(parent.directory, { data: [file], values: { workers: 1 }, threads, signal, ...change });
    const wrong = join(runsDir, "wrong.csv");
    await Deno.writeTextFile(wrong, "text,label\nonly one field\n");
    await assertRejects(() => go({ data: [wrong] }), InputError, "wrong.csv");
    await assertRejects(() => go({ values: { workers: 1, chaos: "kill=1", maxRestarts: 0 } }), TrainingError);
    const controller = new AbortController();
    const stopped = go({
      values: { workers: 1, epochs: 100_000, targetAccuracy: 0, patience: 0 },
      signal: controller.signal,
      onOpened: () => controller.abort("over"),
    });
    assertEquals(await stopped.catch((error: unknown) => error), "over");
    assertEquals(await listRuns(runsDir), [parent.id]);
    assert((await latestRun(runsDir)) === parent.id);
  }));
