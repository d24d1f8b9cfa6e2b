/** Reads from a run's log what its earlier processes did, so that a resumed run continues the log without repetition. */
import { inputError } from "../../base/errors.ts";
import type { Metrics } from "../../base/events.ts";
import { readRunEvents } from "./event_log.ts";

export interface LogRecap {
  /** The training time of all processes, up to the last event of each. An epoch has the sum; later progress adds to it. */
  readonly seconds: number;
  /** The round of the newest progress event. */
  readonly round: number;
  /** The round of the newest end of an epoch, and its metrics. */
  readonly epochRound: number;
  readonly heldOut: Metrics | null;
  /** The round of the newest rollback. */
  readonly rollbackRound: number;
  readonly isBaselineLogged: boolean;
}

export const EMPTY_RECAP: LogRecap = {
  seconds: 0,
  round: 0,
  epochRound: 0,
  heldOut: null,
  rollbackRound: 0,
  isBaselineLogged: false,
};

/**
 * Reads the recap of the log at `path`, or undefined if it is empty, as after a process that was killed at its start. Throws
 * an InputError that names file and line if the log is damaged other than at its end.
 */
export async function readRecap(path: string, id: string): Promise<LogRecap | undefined> {
  let { round, epochRound, heldOut, rollbackRound, isBaselineLogged } = EMPTY_RECAP;
  let [began, seconds, countedUntil] = [false, 0, NaN];
  try {
    for await (const event of readRunEvents(path, id)) {
      began = true;
      const at = Date.parse(event.at);
      switch (event.type) {
        case "started":
        case "resumed":
          // The time between two processes does not count.
          countedUntil = at;
          break;
        case "progress":
          round = event.round;
          // A clock that is set back subtracts nothing.
          if (at > countedUntil) [seconds, countedUntil] = [seconds + (at - countedUntil) / 1000, at];
          break;
        case "epoch":
          ({ round: epochRound, heldOut, seconds } = event);
          countedUntil = at;
          break;
        case "finished":
          [seconds, countedUntil] = [event.summary.seconds, at];
          break;
        case "rolledBack":
          rollbackRound = event.round;
          break;
        case "baseline":
          isBaselineLogged = true;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw inputError("run", error.message);
  }
  return began ? { seconds, round, epochRound, heldOut, rollbackRound, isBaselineLogged } : undefined;
}
