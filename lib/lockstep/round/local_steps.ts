/** Takes the steps of a shard on its own replica between two averagings of weights: one phase of a round. */
import { clipScale } from "../../engine/adam.ts";
import type { Replica } from "../../engine/contract.ts";
import { checkStep } from "../divergence.ts";
import { currentAndNext } from "../memory/control.ts";
import { copyMomentRows, copyReplicaRows, stampOf, touchRows } from "../memory/sparse_rows.ts";
import { dropoutDraw, type Phase } from "../round_schedule.ts";
import type { StateView } from "../memory/views.ts";
import type { WorkerContext } from "./context.ts";

/**
 * Returns the function that takes the steps of one shard in one phase of a round: from the current state into the shard's
 * slot, and within the slot in later phases.
 */
export function localSteps(context: WorkerContext): (shard: number, phase: Phase, committed: number) => void {
  const { worker, config: { training }, plan: { layout, spec, map }, run, engine } = context;
  const gradients = run.gradients[worker]!;
  const { lazyRows, lazyElements } = map;
  const lazy = lazyRows > 0;
  const width = spec.embedding;

  /** Returns the replicas that `shard` first reads and then writes. It reads the state in place, without a copy. */
  function replicas(shard: number, state: StateView, next: StateView): { from: Replica; into: Replica } {
    const slot = run.slots[shard]!;
    switch (training.moments) {
      case "average":
        return { from: { weights: state.weights, ...state.moments[0]! }, into: slot };
      case "local": // Moments are not averaged: they go straight into the next state.
        return {
          from: { weights: state.weights, ...state.moments[shard]! },
          into: { weights: slot.weights, ...next.moments[shard]! },
        };
      case "reset":
        slot.m.fill(0, lazyElements);
        slot.v.fill(0, lazyElements);
        return { from: { weights: state.weights, m: slot.m, v: slot.v }, into: slot };
    }
  }

  function takeSteps(shard: number, phase: Phase, committed: number): void {
    if (phase.isFirst) context.beginShard(shard);
    const [state, next] = currentAndNext(run.states, committed);
    const { from, into } = replicas(shard, state, next);
    const stamps = run.stamps[shard]!;
    if (training.moments === "local" && phase.isFirst) copyStaleMoments(shard, state, next, stampOf(committed));

    /** Counts the steps taken. A batch without rows, in an epoch's last step, does not count. */
    let taken = 0;
    /** Is true once the shard's own replica is written. Before, a step reads the state. */
    let hasBegun = !phase.isFirst;

    /** Prepares a row for its first step in this round. */
    function touched(row: number): void {
      if (training.moments === "reset") {
        into.m.fill(0, row * width, (row + 1) * width);
        into.v.fill(0, row * width, (row + 1) * width);
      }
      if (hasBegun) copyReplicaRows(from, into, row, row + 1, width);
    }

    for (let local = 0; local < phase.steps; local++) {
      const step = phase.firstStep + local;
      const source = hasBegun ? into : from;
      const batch = context.trainingBatch(shard, step);
      if (batch.size === 0) continue;
      if (lazy) touchRows(batch, stamps, stampOf(committed), touched);
      const metrics = engine.gradients(source.weights, batch, gradients, dropoutDraw(training, step, shard));
      const moved = lazy ? engine.rows() : undefined;
      const squared = engine.squaredNorm(gradients, 0, layout.size, moved);
      const scale = clipScale(squared, training.clipNorm);
      checkStep(run.shards[shard]!, step, metrics, squared * scale ** 2);
      engine.update(source, gradients, into, {
        // Adam's bias correction counts the steps that the moments have seen.
        step: training.moments === "reset" ? taken + 1 : step + 1,
        learningRate: context.learningRate(step, committed),
        scale,
        begin: 0,
        end: layout.size,
        rows: moved,
      });
      context.count(shard, batch, metrics);
      taken++;
      hasBegun = true;
    }
    if (!hasBegun && training.moments === "local") keepMoments(shard, state, next);
  }

  /** Copies the moments of a shard that takes no step into the next state. */
  function keepMoments(shard: number, state: StateView, next: StateView): void {
    const [from, into] = [state.moments[shard]!, next.moments[shard]!];
    into.m.set(from.m.subarray(lazyElements), lazyElements);
    into.v.set(from.v.subarray(lazyElements), lazyElements);
  }

  /** Copies the rows of local moments in which the next state is behind the current one. */
  function copyStaleMoments(shard: number, state: StateView, next: StateView, stamp: number): void {
    const [from, into] = [state.moments[shard]!, next.moments[shard]!];
    const before = (stamp - 1) | 0;
    for (const [row, touched] of run.stamps[shard]!.entries()) {
      if (touched === before) copyMomentRows(from, into, row, row + 1, width);
    }
  }

  return takeSteps;
}
