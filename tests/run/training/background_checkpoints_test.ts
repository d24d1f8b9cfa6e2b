import { assertEquals } from "@std/assert";
import { readdir } from "node:fs/promises";
import type { NewEvent } from "../../../lib/base/events.ts";
import { trainingConfig } from "../../../lib/config/schema.ts";
import { NEW_HISTORY } from "../../../lib/lockstep/memory/training_history.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { BackgroundCheckpoints } from "../../../lib/run/training/background_checkpoints.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { tinyRunConfig } from "../tiny_run.ts";

const { layout } = taskModel(trainingConfig(tinyRunConfig("runs")));
const stateAt = (round: number) => ({
  round,
  step: round,
  values: new Float32Array(3 * layout.size),
  history: NEW_HISTORY,
});

Deno.test("BackgroundCheckpoints writes the last checkpoint after a slow one in the background", () =>
  inTemporaryDirectory(async (directory) => {
    const events: NewEvent[] = [];
    const disk = Promise.withResolvers<void>();
    let flushes = 0;
    const log = {
      failure: undefined,
      append: (event: NewEvent) => void events.push(event),
      // The first write waits for a slow disk.
      flush: () => flushes++ === 0 ? disk.promise : Promise.resolve(),
    };
    const checkpoints = new BackgroundCheckpoints(directory, layout, 5, log);
    checkpoints.writeInBackground(stateAt(1));
    const last = checkpoints.writeLast(stateAt(2));
    disk.resolve();
    await last;
    assertEquals(events.map((event) => event.type === "checkpoint" && event.round), [1, 2]);
    assertEquals((await readdir(`${directory}/checkpoints`)).length, 2);
  }));

Deno.test("BackgroundCheckpoints writes the last checkpoint after one in the background failed", () =>
  inTemporaryDirectory(async (directory) => {
    const events: NewEvent[] = [];
    let flushes = 0;
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const log = {
      failure: undefined,
      append: (event: NewEvent) => void events.push(event),
      flush: () => flushes++ === 0 ? Promise.reject(full) : Promise.resolve(),
    };
    const checkpoints = new BackgroundCheckpoints(directory, layout, 5, log);
    checkpoints.writeInBackground(stateAt(1));
    await checkpoints.writeLast(stateAt(2));
    assertEquals(events.map(({ type }) => type), ["incident", "checkpoint"]);
  }));
