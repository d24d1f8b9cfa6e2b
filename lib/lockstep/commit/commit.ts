/**
 * This layer ends a round: it makes the next state current, or rolls back, and decides whether training continues. It does
 * not train or average. Start here: the last worker to arrive at a barrier runs these functions, while all others wait.
 */
import { macroF1 } from "../../data/class_counts.ts";
import { Divergence, findDivergence, type Finding, findingText, NonFinite } from "../divergence.ts";
import { currentAndNext, isDriftMeasured, StopReason, Word } from "../memory/control.ts";
import { ChunkField, ClassField, DriftField, ShardField, sizeOf, sumOf } from "../memory/fields.ts";
import { stateDigest, touchAllRows } from "../memory/state.ts";
import {
  currentHistory,
  endsEpoch,
  keepsBest,
  learningRateAfter,
  MAX_ROLLBACKS,
  setHistory,
} from "../memory/training_history.ts";
import type { SharedRun } from "../memory/views.ts";
import type { LockstepConfig, Plan } from "../plan.ts";
import { type Round, stepsAfter, totalRounds } from "../round_schedule.ts";
import { shardWeights } from "../shard_weights.ts";
import { compareWithBest, historyAfterEpoch } from "./best_state.ts";
import { writeEpoch, writeRollback, writeRound } from "./records.ts";

/** Makes the next state current, unless it diverged, and decides whether training continues. Throws a Divergence. */
export function commitRound(config: LockstepConfig, plan: Plan, run: SharedRun, round: Round): void {
  const { training } = config;
  const { control, shards } = run;
  const before = Atomics.load(control, Word.round);
  const finding = findDivergence(run, plan, config, before, round);
  if (finding) return rollBack(config, run, finding);
  const committed = before + 1;
  const history = historyAfterEpoch(run);
  const lossSum = sumOf(shards, ShardField.lossSum);
  const correct = sumOf(shards, ShardField.correct);
  const samples = sumOf(shards, ShardField.samples);
  const isFirst = round.firstStep === round.epoch * training.stepsPerEpoch;
  const [lossBefore, correctBefore, samplesBefore] = isFirst ? [0, 0, 0] : history.epoch;
  const epoch = [lossBefore + lossSum, correctBefore + correct, samplesBefore + samples] as const;
  setHistory(run, committed, { ...history, epoch });
  // The last write of the state: from now on readers take the other copy.
  Atomics.store(control, Word.round, committed);
  writeRound(run, {
    round: committed,
    step: round.firstStep + round.steps,
    epoch: round.epoch + 1,
    lossSum,
    correct,
    samples,
    drift: isDriftMeasured(control, committed) ? driftOf(run) : NaN,
  });
  decide(config, run);
}

/** Returns the root mean square distance of a shard from the mean, relative to the mean. */
function driftOf(run: SharedRun): number {
  const distance = sumOf(run.drift, DriftField.squaredDistance);
  return Math.sqrt(distance / shardWeights(run).active / sumOf(run.drift, DriftField.squaredNorm));
}

/** Returns the accuracy of so many training rows, of which a share has labels, about. */
export function accuracyOf(correct: number, samples: number, labelled = 1): number {
  return Math.min(1, correct / Math.max(1, labelled * samples));
}

/** Turns the main thread's requests into one decision for all workers, once a round is committed: drift, pause, end. */
function decide({ lastRound }: LockstepConfig, { control }: SharedRun): void {
  const committed = Atomics.load(control, Word.round);
  if (Atomics.exchange(control, Word.driftRequest, 0) !== 0) Atomics.store(control, Word.driftRound, committed + 1);
  const pause = Atomics.load(control, Word.pauseRequest);
  Atomics.store(control, Word.pausedAt, pause & 1 ? pause : 0);
  const isLast = committed >= (lastRound ?? Infinity);
  Atomics.store(control, Word.outcome, isLast ? StopReason.round : Atomics.load(control, Word.stopRequest));
}

/**
 * Sums the evaluation of the current state, at the end of an epoch or of training, and decides whether training continues.
 * Throws a Divergence.
 */
export function finishEpoch(config: LockstepConfig, plan: Plan, run: SharedRun): void {
  const { training } = config;
  const { control } = run;
  const round = Atomics.load(control, Word.round);
  const history = currentHistory(run, round);
  const position = round - history.undone;
  const step = stepsAfter(training, position);
  const { dataset, dataset: { labelled } } = plan;
  const heldOut = {
    loss: sumOf(run.chunks, ChunkField.lossSum) / dataset.heldOut,
    accuracy: sumOf(run.chunks, ChunkField.correct) / Math.max(1, labelled?.heldOut ?? dataset.heldOut),
    ...run.classes && { macroF1: takeMacroF1(run.classes) },
  };
  if (!Number.isFinite(heldOut.loss)) {
    return rollBack(config, run, { kind: NonFinite.heldOut, value: heldOut.loss, shard: -1, step });
  }
  const [lossSum, correct, samples] = history.epoch;
  const [{ values }] = currentAndNext(run.states, round);
  writeEpoch(run, {
    epoch: Math.ceil(step / training.stepsPerEpoch),
    round,
    step,
    digest: stateDigest({ step, values }),
    training: { loss: lossSum / Math.max(1, samples), accuracy: accuracyOf(correct, samples, labelled?.training) },
    heldOut,
  });
  // If training stopped within an epoch, or restored this state, no epoch ends here.
  if (!endsEpoch(training, round, history)) return;
  const sinceBest = keepsBest(training) ? compareWithBest(run, round, history, training.metric, heldOut) : 0;
  const { targetAccuracy, patience } = training;
  if (targetAccuracy > 0 && heldOut.accuracy >= targetAccuracy) Atomics.store(control, Word.outcome, StopReason.target);
  else if (position >= totalRounds(training)) Atomics.store(control, Word.outcome, StopReason.epochs);
  else if (patience > 0 && sinceBest >= patience) Atomics.store(control, Word.outcome, StopReason.patience);
}

/** Returns the macro-F1 by the counts of all classes, and sets them to 0 for the next evaluation. */
function takeMacroF1(counts: Int32Array): number {
  const classes = counts.length / sizeOf(ClassField);
  const column = (field: number) =>
    Int32Array.from({ length: classes }, (_, k) => counts[k * sizeOf(ClassField) + field]!);
  const [support, given, right] = [column(ClassField.support), column(ClassField.given), column(ClassField.right)];
  counts.fill(0);
  return macroF1({ support, given, right });
}

/**
 * Restores the best state at half the learning rate, or throws a Divergence. A rollback is a round that commits the best
 * state again: the number of rounds only grows, so everything numbered by rounds (checkpoints, digests, events) stays
 * unambiguous. Only the position in the schedule goes back.
 */
function rollBack(config: LockstepConfig, run: SharedRun, finding: Finding): void {
  const { training } = config;
  const { control } = run;
  const round = Atomics.load(control, Word.round);
  const { rollbacks } = currentHistory(run, round);
  const learningRate = learningRateAfter(training, finding.step - 1, rollbacks);
  // Throws before it writes anything: a state that is read now is whole.
  const advice = training.onNan === "stop"
    ? "; try a lower one, gradient clipping (`clipNorm` 1) or rollbacks (`onNan` rollback)"
    : rollbacks < MAX_ROLLBACKS
    ? undefined
    : `, which ${rollbacks} rollbacks have halved; try gradient clipping (\`clipNorm\` 1)`;
  if (advice !== undefined) throw new Divergence(findingText(finding, learningRate) + advice);
  const { best } = historyAfterEpoch(run);
  const committed = round + 1;
  const position = best?.position ?? 0;
  currentAndNext(run.states, committed)[0].values.set(run.best!);
  setHistory(run, committed, {
    epoch: [0, 0, 0],
    undone: committed - position,
    rollbacks: rollbacks + 1,
    rollbackRound: committed,
    best,
    sinceBest: 0,
  });
  touchAllRows(run, committed);
  // Written before the round commits, so that every rollback that a reader sees in the state is reported.
  const restored = best?.round ?? 0;
  writeRollback(run, { round: committed, restored, position, rollbacks: rollbacks + 1, learningRate, ...finding });
  // The last write of the state, as in every commit.
  Atomics.store(control, Word.round, committed);
  decide(config, run);
}
