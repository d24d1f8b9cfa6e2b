/** Turns the coordinator's updates into progress events. Each describes the rounds since the last progress event. */
import type { NewEvent } from "../../base/events.ts";
import type { Update } from "../../lockstep/coordinator.ts";
import { accuracyOf } from "../../lockstep/commit/commit.ts";
import type { RoundRecord } from "../../lockstep/commit/records.ts";
import type { Counters } from "../../lockstep/crew.ts";

type Progress = Extract<NewEvent, { type: "progress" }>;

/** Returns the time between two progress events: 0.1 s at first, and up to 1 s later, so that long runs keep short logs. */
function intervalMs(elapsedMs: number): number {
  return Math.min(1000, Math.max(100, elapsedMs / 600));
}

/** Times are only known to so many significant digits; more would make logs and streams longer. */
const DIGITS = 4;

const rounded = (value: number) => Number(value.toPrecision(DIGITS));

/**
 * Returns a function that takes every update. It returns a progress event when one is due, or when `flush` asks for the
 * remaining rounds. Times are milliseconds of `now`; `labelled` is the share of the training rows that have a label.
 */
export function createProgress(
  now: () => number,
  labelled?: number,
): (update: Update, flush: boolean) => Progress | undefined {
  const startedAt = now();
  let lastAt = startedAt;
  let last: readonly Counters[] = [];
  let pending: RoundRecord[] = [];
  return ({ rounds, counters }, flush) => {
    pending.push(...rounds);
    const at = now();
    const newest = pending.at(-1);
    if (!newest || (!flush && at - lastAt < intervalMs(at - startedAt) * 0.9)) return undefined;
    const elapsedMs = Math.max(at - lastAt, 1e-3);
    const workers = counters.map((sums, worker) => {
      const before = last[worker] ?? { computeMs: 0, waitMs: 0, averageMs: 0, sequences: 0 };
      const spent = (kind: "computeMs" | "waitMs" | "averageMs") => sums[kind] - before[kind];
      // A worker reports a time at its end, so a part of it may be before this interval.
      const timeMs = Math.max(elapsedMs, spent("computeMs") + spent("waitMs") + spent("averageMs"));
      const share = (kind: "computeMs" | "waitMs" | "averageMs") => rounded(spent(kind) / timeMs);
      return {
        worker,
        sequencesPerSecond: rounded((sums.sequences - before.sequences) / elapsedMs * 1000),
        compute: share("computeMs"),
        wait: share("waitMs"),
        average: share("averageMs"),
      };
    });
    const total = (name: "lossSum" | "correct" | "samples") => pending.reduce((sum, round) => sum + round[name], 0);
    const samples = total("samples");
    const event: Progress = {
      type: "progress",
      round: newest.round,
      step: newest.step,
      epoch: newest.epoch,
      training: { loss: total("lossSum") / samples, accuracy: accuracyOf(total("correct"), samples, labelled) },
      sequencesPerSecond: rounded(workers.reduce((sum, worker) => sum + worker.sequencesPerSecond, 0)),
      drift: pending.findLast((round) => !Number.isNaN(round.drift))?.drift ?? null,
      workers,
    };
    [lastAt, last, pending] = [at, counters, []];
    return event;
  };
}
