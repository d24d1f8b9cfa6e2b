/** The steps that a shard takes on a replica of its own between two averagings of weights: a part of a round. */
import { clipScale } from "../../engine/adam.ts";
import type { Replica } from "../../engine/contract.ts";
import { checkStep } from "../divergence.ts";
import { currentAndNext } from "../memory/map.ts";
import { copyMomentRows, copyReplicaRows, stampOf, touchRows } from "../memory/sparse_rows.ts";
import { drawOf, type Part } from "../schedule.ts";
import type { StateView } from "../memory/views.ts";
import type { WorkerContext } from "./context.ts";

/**
 * Returns the function that takes the steps of one shard in one part of a round: from the current state to the shard's
 * slot, and from there on in later parts.
 */
export function localSteps(context: WorkerContext): (shard: number, part: Part, committed: number) => void {
  const { worker, config: { training }, plan: { layout, spec, map }, run, engine } = context;
  const gradients = run.gradients[worker]!;
  const { rows, lazyElements } = map;
  const lazy = rows > 0;
  const width = spec.embedding;

  /** Where `shard` starts from and what it writes: the state is read in place, so that nothing is copied. */
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

  function takeSteps(shard: number, part: Part, committed: number): void {
    if (part.isFirst) context.beginShard(shard);
    const [state, next] = currentAndNext(run.states, committed);
    const { from, into } = replicas(shard, state, next);
    const stamps = run.stamps[shard]!;
    if (training.moments === "local" && part.isFirst) copyStaleMoments(shard, state, next, stampOf(committed));

    /** Steps taken: without rows, which is in an epoch's last step, there is none. */
    let taken = 0;
    /** Whether the replica is the shard's own by now: the first step reads the state and writes it, later ones read it. */
    let hasBegun = !part.isFirst;

    /** Readies a row for its first step in this round. */
    function touched(row: number): void {
      if (training.moments === "reset") {
        into.m.fill(0, row * width, (row + 1) * width);
        into.v.fill(0, row * width, (row + 1) * width);
      }
      if (hasBegun) copyReplicaRows(from, into, row, row + 1, width);
    }

    for (let local = 0; local < part.steps; local++) {
      const step = part.firstStep + local;
      const source = hasBegun ? into : from;
      const batch = context.trainingBatch(shard, step);
      if (batch.size === 0) continue;
      if (lazy) touchRows(batch, stamps, stampOf(committed), touched);
      const metrics = engine.gradients(source.weights, batch, gradients, drawOf(training, step, shard));
      const moved = lazy ? engine.rows() : undefined;
      const squared = engine.squaredNorm(gradients, 0, layout.size, moved);
      const scale = clipScale(squared, training.clipNorm);
      checkStep(run.shards[shard]!, step, metrics, squared * scale ** 2);
      engine.update(source, gradients, into, {
        // Moments that start again have seen no step yet, and Adam's bias correction is about what they have seen.
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

  /** The moments of a shard that takes no step go into the next state as they are. */
  function keepMoments(shard: number, state: StateView, next: StateView): void {
    const [from, into] = [state.moments[shard]!, next.moments[shard]!];
    into.m.set(from.m.subarray(lazyElements), lazyElements);
    into.v.set(from.v.subarray(lazyElements), lazyElements);
  }

  /** Local moments are in both copies of the state: brings the next one's rows up to the current one's. */
  function copyStaleMoments(shard: number, state: StateView, next: StateView, stamp: number): void {
    const [from, into] = [state.moments[shard]!, next.moments[shard]!];
    const before = (stamp - 1) | 0;
    for (const [row, touched] of run.stamps[shard]!.entries()) {
      if (touched === before) copyMomentRows(from, into, row, row + 1, width);
    }
  }

  return takeSteps;
}
