/** Trains a run while a caller observes its events, for every program around a training. */
import type { RunEvent, Summary } from "../../base/events.ts";
import type { TrainingRun } from "./training_run.ts";

/**
 * Trains `run` to its end and passes each new event to `observe`. Returns when the last event is observed. Throws as
 * `run.train()` does; what `observe` throws, after the training.
 */
export async function trainObserved(
  run: TrainingRun,
  observe: (event: RunEvent) => void | Promise<void>,
): Promise<Summary> {
  const before = run.log.count;
  const observed = (async () => {
    for await (const event of run.log.read(before, new AbortController().signal)) await observe(event);
  })();
  // It is thrown below.
  observed.catch(() => {});
  try {
    return await run.train();
  } finally {
    await observed;
  }
}
