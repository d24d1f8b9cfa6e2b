/**
 * Runs a round with other machines. The workers train the shards that this machine was dealt and sum their weights, or
 * gradients, to nodes of the tree. The main thread sends the nodes, receives the result of all machines, and lets the
 * workers commit it: as the next state, or as the mean gradient that moves the state on every machine. The sums and their
 * order are those of average_weights.ts and average_gradients.ts, and so are the bits.
 */
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import { currentAndNext, StopReason, Word } from "../memory/control.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { groupsOf, type Round } from "../round_schedule.ts";
import { shardWeights } from "../shard_weights.ts";
import { claimOrder } from "../work_stealing.ts";
import { meanGradient, roundGradients } from "./average_gradients.ts";
import { averagedVectors, sliceOfVector } from "./averaged_vectors.ts";
import type { WorkerContext, WorkerRound } from "./context.ts";
import { awaitOrder, Order, tellReady } from "./orders.ts";
import { trainPhases } from "./phases.ts";

/** Returns the function that follows the main thread's orders, up to the commit or the end. */
export function remoteRound(context: WorkerContext): WorkerRound {
  const { worker, config: { workers, training }, run, engine, timed, barrier, findRows } = context;
  const ofGradients = training.average === "gradients";
  const train = trainPhases(context);
  const takeGradients = roundGradients(context);
  const mean = meanGradient(context);
  const groups = groupsOf(training);
  const vectors = ofGradients ? [{ slots: run.shardGradients, states: undefined }] : averagedVectors(run, training);
  const { begin, end } = sliceOfVector(context);
  let seen = 0;

  /** Sums this worker's slice of the node into the slot of its first shard, and stamps the rows of the node there. */
  function sumNode({ first, last }: Span, committed: number): void {
    const { active, coefficients } = shardWeights(run);
    if (first >= active) return; // Shards without rows add nothing.
    const count = Math.min(last, active) - first;
    const own = coefficients.slice(first, first + count);
    const stamps = run.stamps.slice(first, first + count);
    const stamp = stampOf(committed);
    // The main thread copies the stale rows, as it knows the rows that all machines touched.
    const { touched } = findRows(stamps, stamp);
    for (const { slots, states } of vectors) {
      const options = {
        vectors: slots.slice(first, first + count),
        coefficients: own,
        into: slots[first]!,
        drift: false,
      };
      // A row that a shard did not touch is the row of the state, or a gradient of 0.
      const otherwise = states && { otherwise: currentAndNext(states, committed)[0] };
      engine.average({ ...options, begin, end });
      engine.averageRows({ ...options, rows: touched, stamps, stamp, ...otherwise });
    }
    for (const row of touched) run.stamps[first]![row] = stamp;
  }

  /** Moves this worker's slice of the state by the mean gradient, whose rows are stamped for the first shard. */
  function moveByMean({ firstStep }: Round, committed: number): void {
    const touched = run.stamps.slice(0, 1);
    timed("average", () => mean.note(touched, committed));
    timed("wait", () => barrier());
    timed("average", () => mean.step(firstStep, committed));
  }

  return function round(round, committed) {
    for (;;) {
      timed("wait", () => barrier(() => tellReady(run)));
      const { number, order, shards } = timed("wait", () => awaitOrder(run, run.hearts[worker]!, seen));
      seen = number;
      switch (order) {
        case Order.commit:
          return ofGradients ? moveByMean(round, committed) : undefined;
        case Order.leave:
          barrier(() => {
            Atomics.compareExchange(run.control, Word.outcome, 0, leaveReason());
          });
          return "left";
      }
      const asked = claimOrder(shards, worker, workers);
      if (ofGradients) takeGradients(asked, round, committed);
      else train(asked, groups.filter(({ first }) => shards.includes(first)), round, committed);
      timed("average", () => ownedNodes(new Set(shards), training.shards).forEach((node) => sumNode(node, committed)));
    }
  };

  function leaveReason(): number {
    return Atomics.load(run.control, Word.stopRequest) || StopReason.signal;
  }
}
