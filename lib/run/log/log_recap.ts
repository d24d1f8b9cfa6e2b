/** What a run's log says of the processes that trained it before. */
import { InputError } from "../../base/errors.ts";
import type { Metrics, RunEvent } from "../../base/events.ts";
import { readRunEvents } from "./event_log.ts";

export interface Earlier {
  /** Spent in training by all of them, up to the last thing that each told. */
  readonly seconds: number;
  /** Rounds that were told of in progress events. */
  readonly round: number;
  /** Rounds at the newest end of an epoch that was told, and what was found there. */
  readonly epochRound: number;
  readonly heldOut: Metrics | null;
  /** The newest rollback that was told. */
  readonly rollbackRound: number;
  readonly isBaselineLogged: boolean;
}

export const NOTHING_EARLIER: Earlier = {
  seconds: 0,
  round: 0,
  epochRound: 0,
  heldOut: null,
  rollbackRound: 0,
  isBaselineLogged: false,
};

/**
 * Nothing if the log is empty, as of a process that was killed before it began. Throws an InputError that names file and
 * line if the log is damaged other than at its end.
 */
export async function readEarlier(path: string, id: string): Promise<Earlier | undefined> {
  let { round, epochRound, heldOut, rollbackRound, isBaselineLogged } = NOTHING_EARLIER;
  const time = createStopwatch();
  let began = false;
  try {
    for await (const event of readRunEvents(path, id)) {
      began = true;
      time.observe(event);
      if (event.type === "progress") round = event.round;
      if (event.type === "baseline") isBaselineLogged = true;
      if (event.type === "rolledBack") rollbackRound = event.round;
      if (event.type === "epoch") ({ round: epochRound, heldOut } = event);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError([{ field: "run", message: error.message }]);
  }
  return began ? { seconds: time.seconds, round, epochRound, heldOut, rollbackRound, isBaselineLogged } : undefined;
}

/**
 * Adds up the seconds that processes spent in training. Where an event says how many there were, that counts; what a
 * process did after it, up to its last event, is read off the clock times of the events.
 */
function createStopwatch() {
  let seconds = 0;
  let from = NaN;
  return {
    get seconds() {
      return seconds;
    },
    observe(event: RunEvent): void {
      const at = Date.parse(event.at);
      // Nobody trained between two processes. A clock that is set back takes nothing away.
      if (event.type === "started" || event.type === "resumed") from = at;
      if (event.type === "epoch") seconds = event.seconds;
      else if (event.type === "finished") seconds = event.summary.seconds;
      else if (event.type === "progress" && at > from) seconds += (at - from) / 1000;
      else return;
      from = at;
    },
  };
}
