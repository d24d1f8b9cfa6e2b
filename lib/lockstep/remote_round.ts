/**
 * A round with averaged weights that other machines take part in. This machine's workers train the shards that it was
 * dealt and sum them up to nodes of the tree; the main thread sends these away, writes what all machines come to into
 * the next state, and has it committed. The sums and their order are those of average_weights.ts, so the bits are too.
 */
import { ownedNodes, type Span } from "../engine/tree_nodes.ts";
import { averagedPartsOf, SEGMENT_BLOCK } from "./averaged_parts.ts";
import { StopReason, Word } from "./control.ts";
import { groupsOf } from "./groups.ts";
import { currentAndNext } from "./memory_map.ts";
import { awaitOrder, Order, tellReady } from "./orders.ts";
import { roundParts } from "./parts.ts";
import { segmentOf } from "./plan.ts";
import { eachRowBlock, eachRun, stampOf } from "./rows.ts";
import { sharesOf } from "./shares.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that does as the main thread orders, up to the commit or the end. */
export function remoteRound(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, plan: { layout, spec, map }, run, engine, timed, barrier } = context;
  const { rows, lazyElements } = map;
  const width = spec.embedding;
  const train = roundParts(context);
  const groups = groupsOf(training);
  const averagedParts = averagedPartsOf(training);
  const slots = run.slots.map((slot) => averagedParts(slot.weights, slot)); // [shard][part]
  const states = run.states.map(({ weights, moments }) => averagedParts(weights, moments[0]));
  const [begin, end] = segmentOf(worker, workers, layout.size, SEGMENT_BLOCK, lazyElements);
  let seen = 0;

  /** Sums this worker's part of the node into the slot of its first shard, and marks the rows that it holds there. */
  function sumNode({ first, last }: Span, committed: number): void {
    const { active, coefficients } = sharesOf(run);
    if (first >= active) return; // Shards without rows have nothing to give.
    const count = Math.min(last, active) - first;
    const [current] = currentAndNext([states[0]!, states[1]!], committed);
    const into = slots[first]!;
    const own = coefficients.slice(first, first + count);
    const stamps = run.stamps.slice(first, first + count);
    const stamp = stampOf(committed);
    const sum = (part: number, vectors: Float32Array[], begin: number, end: number) =>
      engine.average({ vectors, coefficients: own, into: into[part]!, begin, end, drift: false });
    for (let part = 0; part < into.length; part++) {
      sum(part, slots.slice(first, first + count).map((slot) => slot[part]!), begin, end);
    }
    eachRowBlock(worker, workers, rows, (firstRow, lastRow) => {
      eachRun(stamps, stamp, firstRow, lastRow, {
        touched(from, to) {
          // A shard that did not touch these rows has them from the state.
          for (let part = 0; part < into.length; part++) {
            const owners = stamps.map((own, i) => own[from] === stamp ? slots[first + i]![part]! : current[part]!);
            sum(part, owners, from * width, to * width);
          }
          run.stamps[first]!.fill(stamp, from, to);
        },
        stale() {}, // The main thread's, who knows what all machines touched.
      });
    });
  }

  return function round(round, committed) {
    for (;;) {
      timed("wait", () => barrier(() => tellReady(run)));
      const { number, order, shards } = timed("wait", () => awaitOrder(run, run.hearts[worker]!, seen));
      seen = number;
      switch (order) {
        case Order.commit:
          return;
        case Order.leave:
          barrier(() => {
            Atomics.compareExchange(run.control, Word.outcome, 0, leaveReason());
          });
          return "left";
      }
      const own = shards.filter((_, i) => i % workers === worker);
      for (const shard of own) {
        // Of an earlier round, or of this one done again.
        run.stamps[shard]?.fill(0);
        run.shards[shard]!.fill(0);
      }
      train(own, groups.filter(({ first }) => shards.includes(first)), round, committed);
      timed("average", () => ownedNodes(new Set(shards), training.shards).forEach((node) => sumNode(node, committed)));
    }
  };

  function leaveReason(): number {
    return Atomics.load(run.control, Word.stopRequest) || StopReason.signal;
  }
}
