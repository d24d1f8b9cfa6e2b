/**
 * A round that other machines take part in. This machine's workers train the shards that it was dealt and sum their
 * weights, or gradients, up to nodes of the tree; the main thread sends these away, brings what all machines come to, and
 * has it committed: as the next state, or as the mean gradient that moves the state here as anywhere. The sums and their
 * order are those of average_weights.ts and average_gradients.ts, so the bits are too.
 */
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import { roundGradients } from "./average_gradients.ts";
import { averagedVectors, portionOf } from "./averaged_vectors.ts";
import { askingOrder } from "../work_stealing.ts";
import { StopReason, Word } from "../memory/control.ts";
import { groupsOf } from "../groups.ts";
import { meanGradient } from "./mean_gradient.ts";
import { currentAndNext } from "../memory/map.ts";
import { awaitOrder, Order, tellReady } from "./orders.ts";
import { roundParts } from "./phases.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import type { Round } from "../schedule.ts";
import { sharesOf } from "../shard_weights.ts";
import type { RoundPart, WorkerContext } from "./context.ts";

/** Returns the function that does as the main thread orders, up to the commit or the end. */
export function remoteRound(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, run, engine, timed, barrier, findRows } = context;
  const ofGradients = training.average === "gradients";
  const train = roundParts(context);
  const takeGradients = roundGradients(context);
  const mean = meanGradient(context);
  const groups = groupsOf(training);
  const vectors = ofGradients ? [{ slots: run.shardGradients, states: undefined }] : averagedVectors(run, training);
  const { begin, end } = portionOf(context);
  let seen = 0;

  /** Sums this worker's part of the node into the slot of its first shard, and marks the rows that it holds there. */
  function sumNode({ first, last }: Span, committed: number): void {
    const { active, coefficients } = sharesOf(run);
    if (first >= active) return; // Shards without rows have nothing to give.
    const count = Math.min(last, active) - first;
    const own = coefficients.slice(first, first + count);
    const stamps = run.stamps.slice(first, first + count);
    const stamp = stampOf(committed);
    // Stale rows are the main thread's, who knows what all machines touched.
    const { touched } = findRows(stamps, stamp);
    for (const { slots, states } of vectors) {
      const shares = {
        vectors: slots.slice(first, first + count),
        coefficients: own,
        into: slots[first]!,
        drift: false,
      };
      // A shard that did not touch a row has it from the state, or a gradient of 0.
      const otherwise = states && { otherwise: currentAndNext(states, committed)[0] };
      engine.average({ ...shares, begin, end });
      engine.averageRows({ ...shares, rows: touched, stamps, stamp, ...otherwise });
    }
    for (const row of touched) run.stamps[first]![row] = stamp;
  }

  /** Moves this worker's part of the state by the mean gradient; the first shard's stamps say which rows it has. */
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
      const asked = askingOrder(shards, worker, workers);
      if (ofGradients) takeGradients(asked, round, committed);
      else train(asked, groups.filter(({ first }) => shards.includes(first)), round, committed);
      timed("average", () => ownedNodes(new Set(shards), training.shards).forEach((node) => sumNode(node, committed)));
    }
  };

  function leaveReason(): number {
    return Atomics.load(run.control, Word.stopRequest) || StopReason.signal;
  }
}
