/**
 * Implements LocalShards with the workers of a lockstep run: gives them orders, reads sums from their shared memory and
 * writes bases to it. Replaced workers get the order again.
 */
import { stateDigest } from "../../lockstep/memory/state.ts";
import { createBatch } from "../../data/batches/batch.ts";
import { lossWeight } from "../../data/batches/class_weights.ts";
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import { pickAveraged } from "../../lockstep/round/averaged_vectors.ts";
import { currentAndNext, Word } from "../../lockstep/memory/control.ts";
import { ShardField } from "../../lockstep/memory/fields.ts";
import type { Coordinator } from "../../lockstep/coordinator.ts";
import { currentHistory } from "../../lockstep/memory/training_history.ts";
import { giveOrder, Order, readyAfter, timesReady } from "../../lockstep/round/orders.ts";
import type { LockstepConfig, Plan } from "../../lockstep/plan.ts";
import { copyRowRange, stampOf } from "../../lockstep/memory/sparse_rows.ts";
import { groupsOf, roundAt } from "../../lockstep/round_schedule.ts";
import { type SharedRun, sharedRun } from "../../lockstep/memory/views.ts";
import { completeRound } from "./complete_round.ts";
import type { RoundDigest } from "../protocol/messages.ts";
import type { LocalShards, NodeSum, Snapshot } from "./local_shards.ts";
import {
  checkNode,
  decodeNode,
  encodeNode,
  gather,
  nodeBytes,
  type RoundShape,
  scatter,
} from "../protocol/round_codec.ts";
import { ENVELOPE_BYTES } from "./sizes.ts";
import { openState, sealState } from "../protocol/state_codec.ts";

/** The interval of checks whether the workers were replaced or have left. */
const CHECK_MS = 100;

/** Returns the shape of the sums that machines of a run exchange. */
export function shapeOf({ spec, layout, map }: Plan, { training }: LockstepConfig): RoundShape {
  const parts = training.average === "weights" && training.moments === "average" ? 3 : 1;
  return { elements: layout.size, rows: map.lazyRows, width: spec.embedding, parts };
}

export class LockstepShards implements LocalShards {
  readonly #coordinator: Coordinator;
  readonly #config: LockstepConfig;
  readonly #shape: RoundShape;
  readonly groups: readonly Span[];
  readonly #partsOf: ReturnType<typeof pickAveraged>;
  #run: SharedRun;
  /** Rows in which the two copies of the state differ. */
  #differing: Int32Array | "all" = "all";
  #left = false;

  constructor(coordinator: Coordinator, config: LockstepConfig) {
    const { plan, memory } = coordinator;
    this.#coordinator = coordinator;
    this.#config = config;
    // A mean gradient changes all parts.
    this.#partsOf = pickAveraged(this.#isOfGradients ? { moments: "average" } : config.training);
    this.#shape = shapeOf(plan, config);
    this.groups = groupsOf(config.training);
    this.#run = sharedRun(plan.map, memory);
  }

  get shards(): number {
    return this.#config.training.shards;
  }

  get #isOfGradients(): boolean {
    return this.#config.training.average === "gradients";
  }

  get round(): number {
    return this.#coordinator.round;
  }

  get finished(): boolean {
    return this.#left || Atomics.load(this.#current().control, Word.outcome) !== 0;
  }

  maxNodeBytes({ first, last }: Span): number {
    return nodeBytes(this.#shape, last - first, this.#shape.rows);
  }

  get maxStateBytes(): number {
    const copies = this.#coordinator.plan.map.best ? 2 : 1;
    return copies * this.#current().states[0].values.byteLength + ENVELOPE_BYTES;
  }

  check({ first, last, bytes }: NodeSum): void {
    checkNode(this.#shape, last - first, bytes);
  }

  async sum(shards: readonly number[]): Promise<readonly NodeSum[]> {
    const trained = await this.#order((run) => {
      this.#writeShares(run, new Set(shards));
      giveOrder(run, Order.train, shards);
    });
    const run = trained ?? this.#current();
    const stamp = stampOf(this.round);
    return ownedNodes(new Set(shards), this.shards).map(({ first, last }) => {
      const fields = run.shards.slice(first, last);
      const rows: number[] = [];
      run.stamps[first]?.forEach((touched, row) => touched === stamp ? rows.push(row) : 0);
      const isActive = run.shards[first]![ShardField.samples]! > 0;
      const touched = Int32Array.from(isActive ? rows : []);
      const values = isActive ? gather(this.#shape, this.#sumsOf(run, first), touched) : new Float32Array();
      return { first, last, bytes: encodeNode(this.#shape, { fields, rows: touched, values }) };
    });
  }

  complete(nodes: readonly NodeSum[]): Uint8Array {
    const spanned = nodes.map(({ first, last, bytes }) => ({
      first,
      last,
      node: decodeNode(this.#shape, last - first, bytes),
    }));
    // In untouched rows, a shard has the weights of the state; its gradient is 0.
    const state = this.#isOfGradients ? undefined : this.#states(this.#current())[0];
    return encodeNode(this.#shape, completeRound(this.#shape, this.shards, spanned, state));
  }

  async commit(base: Uint8Array): Promise<void> {
    const { fields, rows, values } = decodeNode(this.#shape, this.shards, base);
    const committed = this.round;
    const run = await this.#order((run) => {
      // The earlier workers committed before they were replaced.
      if (this.round !== committed) return;
      const [current, next] = this.#states(run);
      fields.forEach((own, shard) => run.shards[shard]!.set(own));
      this.#copyDiffering(current, next);
      if (this.#isOfGradients) {
        scatter(this.#shape, { rows, values }, run.gradients);
        // All workers read only these stamps.
        run.stamps[0]!.fill(0);
        for (const row of rows) run.stamps[0]![row] = stampOf(committed);
      } else {
        scatter(this.#shape, { rows, values }, next);
        for (const written of run.written) written[0] = 0;
        // Workers check only if it is finite.
        run.written[0]![0] = areFinite(values) ? 1 : NaN;
      }
      giveOrder(run, Order.commit);
    });
    // The memory of workers that were replaced after the commit has only one copy.
    const isWhole = run !== undefined && run === this.#current();
    const history = currentHistory(this.#current(), committed + 1);
    // A rollback writes everything again.
    this.#differing = isWhole && history.rollbackRound !== committed + 1 ? rows : "all";
  }

  snapshot(): Snapshot {
    const state = this.#coordinator.state();
    return { round: state.round, digest: stateDigest(state), bytes: sealState(state) };
  }

  stateDigest(): RoundDigest {
    const state = this.#coordinator.state();
    return { round: state.round, digest: stateDigest(state) };
  }

  async restore({ digest, bytes }: Snapshot): Promise<void> {
    await this.#coordinator.restore(openState(bytes, digest));
  }

  /** Ends the workers with their current state, unless they have ended. */
  async leave(): Promise<void> {
    if (!this.finished) await this.#order((run) => giveOrder(run, Order.leave));
    this.#left = true;
  }

  /** Returns the shared memory of the current workers. */
  #current(): SharedRun {
    const { memory, plan } = this.#coordinator;
    if (memory !== this.#run.memory) {
      this.#run = sharedRun(plan.map, memory);
      this.#differing = "all";
    }
    return this.#run;
  }

  /**
   * Gives an order when all workers are ready, and waits until they have finished it or have ended. Resolves to their
   * memory, or to undefined if `give` gave no order or they have left.
   */
  async #order(give: (run: SharedRun) => void): Promise<SharedRun | undefined> {
    for (;;) {
      const run = await this.#ready();
      if (!run) return undefined;
      const before = timesReady(run);
      const orders = Atomics.load(run.control, Word.order);
      give(run);
      if (Atomics.load(run.control, Word.order) === orders) return undefined;
      while (timesReady(run) === before && this.#coordinator.memory === run.memory) {
        if (Atomics.load(run.control, Word.outcome) !== 0 && this.#coordinator.isEnded) return run;
        await readyAfter(run, before, CHECK_MS);
      }
      // Otherwise, new workers get the order again, in another memory.
      if (this.#coordinator.memory === run.memory) return run;
    }
  }

  /** Resolves to the memory as soon as its workers wait for an order, or to undefined if training has ended. */
  async #ready(): Promise<SharedRun | undefined> {
    for (;;) {
      const run = this.#current();
      const orders = Atomics.load(run.control, Word.order);
      if (timesReady(run) > orders) return run;
      if (this.#coordinator.isEnded) return undefined;
      await readyAfter(run, timesReady(run), CHECK_MS);
    }
  }

  /** Writes the weights in the mean of shards that other machines train. They are known without training. */
  #writeShares(run: SharedRun, own: ReadonlySet<number>): void {
    const { training } = this.#config;
    const { dataset } = this.#coordinator.plan;
    const committed = this.round;
    const { undone } = currentHistory(run, committed);
    const { firstStep, steps } = roundAt(training, committed - undone);
    const batch = createBatch(training.batchSize, dataset.length);
    for (let shard = 0; shard < this.shards; shard++) {
      if (own.has(shard)) continue;
      let [samples, weight] = [0, 0];
      for (let step = firstStep; step < firstStep + steps; step++) {
        const ofStep = dataset.sequencesAfter(step + 1) - dataset.sequencesAfter(step);
        const size = Math.max(0, Math.min(training.batchSize, ofStep - shard * training.batchSize));
        samples += size;
        if (dataset.classWeights) {
          dataset.trainingBatch(batch, step, shard);
          weight += lossWeight(batch, dataset.classWeights);
        } else weight += size;
      }
      const fields = run.shards[shard]!;
      fields.fill(0);
      fields[ShardField.samples] = samples;
      fields[ShardField.weight] = weight;
    }
  }

  /** Returns the memory where the workers sum the node that begins with shard `first`. */
  #sumsOf({ slots, shardGradients }: SharedRun, first: number): Float32Array[] {
    return this.#isOfGradients ? [shardGradients[first]!] : this.#partsOf(slots[first]!.weights, slots[first]);
  }

  /** Returns the averaged parts of the current and of the next state. */
  #states({ states }: SharedRun): [current: Float32Array[], next: Float32Array[]] {
    const [even, odd] = states.map(({ weights, moments }) => this.#partsOf(weights, moments[0]));
    return currentAndNext([even!, odd!], this.round);
  }

  /** Copies the rows that only the current state has into the next one. */
  #copyDiffering(current: readonly Float32Array[], next: readonly Float32Array[]): void {
    const { rows, width } = this.#shape;
    const differing = this.#differing;
    for (const [part, into] of next.entries()) {
      if (differing === "all") copyRowRange(current[part]!, into, 0, rows, width);
      else for (const row of differing) copyRowRange(current[part]!, into, row, row + 1, width);
    }
  }
}

/** Tells whether all values are finite: 0 · x is not 0 otherwise. Takes a tenth of the time of testing each one. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]!;
  return sum === 0;
}
