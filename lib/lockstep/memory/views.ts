/** Turns the memory map into typed views: no other code knows a byte offset. */
import { type Batch, createBatch } from "../../data/batches/batch.ts";
import type { Replica } from "../../engine/contract.ts";
import { type MapOptions, memoryMap, momentSets, type Region } from "./map.ts";

/** Views one copy of the state, which the next round starts from. */
export interface StateView {
  /** The whole copy, in order: weights, then each moment set's m and v. */
  readonly values: Float32Array;
  readonly weights: Float32Array;
  readonly moments: readonly { readonly m: Float32Array; readonly v: Float32Array }[];
}

/** Returns a state with averaged moments in the form that a step starts from. */
export function replicaOf({ weights, moments }: StateView): Replica {
  return { weights, ...moments[0]! };
}

export interface SharedRun {
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array;
  /** `[worker]` one word each. */
  readonly hearts: readonly Int32Array[];
  /** `[worker][Counter]` */
  readonly counters: readonly Float64Array[];
  /** `[shard][ShardField]` */
  readonly shards: readonly Float64Array[];
  /** `[shard]` the section of work in which it was claimed last: see work_stealing.ts. */
  readonly claims: Int32Array;
  /** `[shard]` the order that last dealt it to this machine, where there are others: see round/orders.ts. */
  readonly dealt: Int32Array;
  /** `[round & 1][HistoryField]` of that copy of the state: see training_history.ts. */
  readonly histories: readonly [Float64Array, Float64Array];
  /** `[HistoryField]` of the best state. */
  readonly bestHistory: Float64Array;
  /** `[EpochEndField]` */
  readonly epochEnd: Float64Array;
  /** `[worker][DriftField]` */
  readonly drift: readonly Float64Array[];
  /** `[worker]` squared norm of the weights that it wrote in this round. */
  readonly written: readonly Float64Array[];
  /** `[chunk][ChunkField]` */
  readonly chunks: readonly Float64Array[];
  /** `[class · 3 + ClassField]`, if they are counted. */
  readonly classes: Int32Array | undefined;
  /** `[block]` squared norms of the mean gradient: slices of sparse rows, then blocks of everything behind them. */
  readonly norms: Float64Array;
  /** `[shard]` the factor of gradient clipping: see round/average_weights.ts. */
  readonly scales: Float64Array;
  /** `[shard]` with lazy rows: the number of the round that touched each row last; see sparse_rows.ts. */
  readonly stamps: readonly Int32Array[];
  /** `[worker]` with lazy rows: the list of its rows that move in a round. */
  readonly moved: readonly Int32Array[];
  readonly rounds: readonly Float64Array[];
  readonly epochs: readonly Float64Array[];
  readonly rollbacks: readonly Float64Array[];
  readonly states: readonly [StateView, StateView];
  /** The values of the best state so far, if it is kept. */
  readonly best: Float32Array | undefined;
  /** `[shard]` with averaged weights: the replica, and all of it as one vector. */
  readonly slots: readonly (Replica & { readonly values: Float32Array })[];
  /** `[worker]` with averaged weights. With averaged gradients there is one: the mean. */
  readonly gradients: readonly Float32Array[];
  /** `[shard]` the gradient where no replica is kept: with averaged weights it lies in the slot. */
  readonly shardGradients: readonly Float32Array[];
  /** Returns a batch of at most `size` sequences in the room of `worker`. */
  batch(worker: number, size: number): Batch;
  /** Returns the bytes that belong to the engine of `worker`. */
  engineScratch(worker: number): { readonly byteOffset: number; readonly byteLength: number };
}

/** Creates the shared memory of a run, or views on `memory`, which another thread created with the same options. */
export function sharedRun(options: MapOptions, memory?: WebAssembly.Memory): SharedRun {
  const map = memoryMap(options);
  memory ??= new WebAssembly.Memory({ initial: map.pages, maximum: map.pages, shared: true });
  const { buffer } = memory;
  const { parameters } = options;

  const at = (region: Region, index: number) => region.byteOffset + region.stride * index;
  const words = (region: Region) => items(region, (start) => new Int32Array(buffer, start, region.bytes / 4));
  const doubles = (region: Region) => items(region, (start) => new Float64Array(buffer, start, region.bytes / 8));
  const floats = (region: Region) => items(region, (start) => new Float32Array(buffer, start, region.bytes / 4));
  function items<View>(region: Region, view: (start: number) => View): View[] {
    return Array.from({ length: region.count }, (_, index) => view(at(region, index)));
  }
  const vector = (values: Float32Array, index: number) => values.subarray(index * parameters, (index + 1) * parameters);
  const stateView = (values: Float32Array): StateView => ({
    values,
    weights: vector(values, 0),
    moments: Array.from({ length: momentSets(options) }, (_, set) => ({
      m: vector(values, 1 + 2 * set),
      v: vector(values, 2 + 2 * set),
    })),
  });

  const [evenValues, oddValues, best] = floats(map.states);
  const [evenHistory, oddHistory, bestHistory] = doubles(map.histories);
  const slots = floats(map.slots);
  const replicas = options.average === "gradients" ? [] : slots;
  const batches = words(map.batches);
  return {
    memory,
    control: words(map.control)[0]!,
    hearts: words(map.hearts),
    counters: doubles(map.counters),
    shards: doubles(map.shards),
    claims: words(map.claims)[0]!,
    dealt: words(map.dealt)[0]!,
    histories: [evenHistory!, oddHistory!],
    bestHistory: bestHistory!,
    epochEnd: doubles(map.epochEnd)[0]!,
    drift: doubles(map.drift),
    written: doubles(map.written),
    chunks: doubles(map.chunks),
    classes: words(map.classes)[0],
    norms: doubles(map.norms)[0] ?? new Float64Array(),
    scales: doubles(map.scales)[0]!,
    stamps: words(map.stamps),
    moved: words(map.moved),
    rounds: doubles(map.rounds),
    epochs: doubles(map.epochs),
    rollbacks: doubles(map.rollbacks),
    states: [stateView(evenValues!), stateView(oddValues!)],
    best,
    slots: replicas.map((values) => ({
      values,
      weights: vector(values, 0),
      m: vector(values, 1),
      v: vector(values, 2),
    })),
    gradients: floats(map.gradients),
    shardGradients: slots.map((values) => vector(values, 0)),
    batch: (worker, size) =>
      createBatch(size, options.maxLength, batches[worker]!, options.maxVectors, options.maxLabels),
    engineScratch: (worker) => ({ byteOffset: at(map.scratch, worker), byteLength: map.scratch.stride }),
  };
}
