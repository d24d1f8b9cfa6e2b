/** What is done once a round, by the last worker to arrive at its barrier, while all others wait. */
import { StopReason, Word } from "./control.ts";
import { currentAndNext } from "./memory_map.ts";
import type { LockstepConfig, Plan } from "./plan.ts";
import { writeEpoch, writeRound } from "./records.ts";
import { type Round, stepsAfter, totalRounds } from "./schedule.ts";
import type { SharedRun } from "./shared_run.ts";
import { sharesOf } from "./shares.ts";
import { stateDigest } from "./state.ts";

/** The loss is no number any more. The same round would come to the same again. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

/** Makes the next state current, and says whether training goes on. Throws if the loss is not a number. */
export function commitRound({ training, lastRound }: LockstepConfig, run: SharedRun, round: Round): void {
  const { control } = run;
  const committed = Atomics.load(control, Word.round) + 1;
  const [lossSum, correct, samples] = [0, 1, 2].map((figure) => sum(run.shards, figure));
  if (!Number.isFinite(lossSum)) throw new Divergence(divergence(run, round, training.learningRate));
  const [before, epoch] = [run.epoch[1 - (committed & 1)]!, run.epoch[committed & 1]!];
  const firstOfEpoch = round.firstStep === round.epoch * training.stepsPerEpoch;
  [lossSum!, correct!, samples!].forEach((value, figure) =>
    epoch[figure] = value + (firstOfEpoch ? 0 : before[figure]!)
  );
  // Last of what belongs to the state: from here on readers take the other copy.
  Atomics.store(control, Word.round, committed);

  const measured = Atomics.load(control, Word.driftRound) === committed;
  writeRound(run, {
    round: committed,
    epoch: round.epoch + 1,
    lossSum: lossSum!,
    correct: correct!,
    samples: samples!,
    drift: measured ? Math.sqrt(sum(run.drift, 0) / sharesOf(run).active / sum(run.drift, 1)) : NaN,
  });
  if (Atomics.exchange(control, Word.driftRequest, 0) !== 0) Atomics.store(control, Word.driftRound, committed + 1);
  const pause = Atomics.load(control, Word.pauseRequest);
  Atomics.store(control, Word.pausedAt, pause & 1 ? pause : 0);
  const isLast = committed >= (lastRound ?? Infinity);
  Atomics.store(control, Word.outcome, isLast ? StopReason.round : Atomics.load(control, Word.stopRequest));
}

/**
 * Sums up the evaluation after `round`, the last of an epoch or of all, and says whether training goes on. Throws if the
 * loss is not a number.
 */
export function finishEpoch({ training }: LockstepConfig, plan: Plan, run: SharedRun, round: Round): void {
  const { control } = run;
  const committed = Atomics.load(control, Word.round);
  const [lossSum, correct, samples] = run.epoch[committed & 1]!;
  const [{ values }] = currentAndNext(run.states, committed);
  const heldOut = {
    loss: sum(run.chunks, 0) / plan.dataset.heldOut,
    accuracy: sum(run.chunks, 1) / plan.dataset.heldOut,
  };
  if (!Number.isFinite(heldOut.loss)) {
    throw new Divergence(
      diverged(`The held-out loss is ${heldOut.loss} after ${stepsOf(round)}`, training.learningRate),
    );
  }
  writeEpoch(run, {
    epoch: round.epoch + 1,
    round: committed,
    digest: stateDigest({ step: stepsAfter(training, committed), values }),
    training: { loss: lossSum! / samples!, accuracy: correct! / samples! },
    heldOut,
  });
  const reached = training.targetAccuracy > 0 && heldOut.accuracy >= training.targetAccuracy;
  const done = committed >= totalRounds(training);
  if (reached || done) Atomics.store(control, Word.outcome, reached ? StopReason.target : StopReason.epochs);
}

function sum(rows: readonly Float64Array[], figure: number): number {
  return rows.reduce((total, row) => total + row[figure]!, 0);
}

function divergence(run: SharedRun, round: Round, learningRate: number): string {
  const shard = run.shards.findIndex((figures) => !Number.isFinite(figures[0]!));
  return diverged(`The loss of shard ${shard} is ${run.shards[shard]![0]} at ${stepsOf(round)}`, learningRate);
}

function diverged(what: string, learningRate: number): string {
  return `${what}: training diverged with learning rate ${learningRate}; try a smaller one, or --clip-norm 1`;
}

/** `step 7`, or `steps 7 to 9`: counted from 1. */
function stepsOf({ firstStep, steps }: Round): string {
  return steps === 1 ? `step ${firstStep + 1}` : `steps ${firstStep + 1} to ${firstStep + steps}`;
}
