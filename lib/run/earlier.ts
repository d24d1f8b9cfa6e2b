/** What a run's log says of the processes that trained it before. */
import { InputError } from "../errors.ts";
import { readEvents } from "./event_log.ts";

export interface Earlier {
  /** Spent in training, as far as it was told. */
  readonly seconds: number;
  /** Rounds that were told of in progress events. */
  readonly round: number;
  /** Rounds at the newest end of an epoch that was told. */
  readonly epochRound: number;
  /** The newest rollback that was told. */
  readonly rollbackRound: number;
  readonly isBaselineTold: boolean;
}

export const NOTHING_EARLIER: Earlier = {
  seconds: 0,
  round: 0,
  epochRound: 0,
  rollbackRound: 0,
  isBaselineTold: false,
};

/**
 * Nothing if the log is empty, as of a process that was killed before it began. Throws an InputError that names file and
 * line if the log is damaged other than at its end.
 */
export async function readEarlier(path: string): Promise<Earlier | undefined> {
  let { seconds, round, epochRound, rollbackRound, isBaselineTold } = NOTHING_EARLIER;
  let began = false;
  try {
    for await (const event of readEvents(path, 0)) {
      began = true;
      if (event.type === "progress") round = event.round;
      if (event.type === "baseline") isBaselineTold = true;
      if (event.type === "rolledBack") rollbackRound = event.round;
      if (event.type === "epoch") ({ seconds, round: epochRound } = event);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError([{ field: "run", message: error.message }]);
  }
  return began ? { seconds, round, epochRound, rollbackRound, isBaselineTold } : undefined;
}
