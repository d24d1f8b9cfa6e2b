/** What is done once a round, by the last worker to arrive at its barrier, while all others wait. */
import { StopReason, Word } from "../memory/control.ts";
import { endsEpoch, keepsBest, readCourse, writeCourse } from "../memory/training_history.ts";
import { findDivergence, Kind } from "../divergence.ts";
import { judge, judgedCourse } from "./best_state.ts";
import { currentAndNext } from "../memory/map.ts";
import type { LockstepConfig, Plan } from "../plan.ts";
import { writeEpoch, writeRound } from "./records.ts";
import { diverged } from "../rollback.ts";
import { type Round, stepsAfter, totalRounds } from "../schedule.ts";
import { settleRound } from "../settle.ts";
import type { SharedRun } from "../memory/views.ts";
import { sharesOf } from "../shard_weights.ts";
import { stateDigest } from "../memory/state.ts";

/** Makes the next state current, unless it diverged, and says whether training goes on. Throws a Divergence. */
export function commitRound(config: LockstepConfig, plan: Plan, run: SharedRun, round: Round): void {
  const { training } = config;
  const { control } = run;
  const before = Atomics.load(control, Word.round);
  const finding = findDivergence(run, plan, config, before, round);
  if (finding) return diverged(config, run, finding);
  const committed = before + 1;
  const course = judgedCourse(run);
  const [lossSum, correct, samples] = [sum(run.shards, 0), sum(run.shards, 1), sum(run.shards, 2)];
  const isFirst = round.firstStep === round.epoch * training.stepsPerEpoch;
  const [lossBefore, correctBefore, samplesBefore] = isFirst ? [0, 0, 0] : course.epoch;
  const epoch = [lossBefore + lossSum, correctBefore + correct, samplesBefore + samples] as const;
  writeCourse(run.courses[committed & 1 ? 1 : 0], { ...course, epoch });
  // Last of what belongs to the state: from here on readers take the other copy.
  Atomics.store(control, Word.round, committed);
  const measured = Atomics.load(control, Word.driftRound) === committed;
  writeRound(run, {
    round: committed,
    step: round.firstStep + round.steps,
    epoch: round.epoch + 1,
    lossSum,
    correct,
    samples,
    drift: measured ? Math.sqrt(sum(run.drift, 0) / sharesOf(run).active / sum(run.drift, 1)) : NaN,
  });
  settleRound(config, run);
}

/**
 * Sums up the evaluation of the current state, at the end of an epoch or of all, and says whether training goes on.
 * Throws a Divergence.
 */
export function finishEpoch(config: LockstepConfig, plan: Plan, run: SharedRun): void {
  const { training } = config;
  const { control } = run;
  const round = Atomics.load(control, Word.round);
  const course = readCourse(run.courses[round & 1 ? 1 : 0]);
  const position = round - course.undone;
  const step = stepsAfter(training, position);
  const heldOut = {
    loss: sum(run.chunks, 0) / plan.dataset.heldOut,
    accuracy: sum(run.chunks, 1) / plan.dataset.heldOut,
  };
  if (!Number.isFinite(heldOut.loss)) {
    return diverged(config, run, { kind: Kind.heldOut, value: heldOut.loss, shard: -1, step });
  }
  const [lossSum, correct, samples] = course.epoch;
  const [{ values }] = currentAndNext(run.states, round);
  writeEpoch(run, {
    epoch: Math.ceil(step / training.stepsPerEpoch),
    round,
    step,
    digest: stateDigest({ step, values }),
    training: { loss: lossSum / Math.max(1, samples), accuracy: correct / Math.max(1, samples) },
    heldOut,
  });
  // A state that training was stopped at within an epoch, or that was restored, is no end of one.
  if (!endsEpoch(training, round, course)) return;
  const sinceBest = keepsBest(training) ? judge(run, round, course, heldOut).sinceBest : 0;
  const { targetAccuracy, patience } = training;
  if (targetAccuracy > 0 && heldOut.accuracy >= targetAccuracy) Atomics.store(control, Word.outcome, StopReason.target);
  else if (position >= totalRounds(training)) Atomics.store(control, Word.outcome, StopReason.epochs);
  else if (patience > 0 && sinceBest >= patience) Atomics.store(control, Word.outcome, StopReason.patience);
}

function sum(rows: readonly Float64Array[], figure: number): number {
  return rows.reduce((total, row) => total + row[figure]!, 0);
}
