/** A run's shared memory as typed views: the only code that turns a memory map into arrays. */
import { createBatch } from "../../data/batch.ts";
import type { Batch } from "../../data/batch.ts";
import type { Replica } from "../../engine/contract.ts";
import { COURSE_FIGURES } from "./training_history.ts";
import {
  CHUNK_FIGURES,
  CONTROL_WORDS,
  COUNTERS,
  DRIFT_FIGURES,
  EPOCH_FIGURES,
  type MapOptions,
  type MemoryMap,
  memoryMap,
  momentSets,
  type Region,
  ROLLBACK_FIGURES,
  ROUND_FIGURES,
  SHARD_FIGURES,
  VERDICT_FIGURES,
} from "./map.ts";
import { mostRowsOf } from "./sparse_rows.ts";

/** All that the next round starts from. The arrays are views on one copy of the state. */
export interface StateView {
  /** Everything, in order: weights, then each moment set's m and v. */
  readonly values: Float32Array;
  readonly weights: Float32Array;
  readonly moments: readonly { readonly m: Float32Array; readonly v: Float32Array }[];
}

/** A moment of what one worker did, as sums since the start. */
export interface Counters {
  computeMs: number;
  waitMs: number;
  averageMs: number;
  sequences: number;
}

export interface SharedRun {
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly control: Int32Array;
  /** `[worker]` one word each. */
  readonly hearts: readonly Int32Array[];
  /** `[worker]` computeMs, waitMs, averageMs, sequences. */
  readonly counters: readonly Float64Array[];
  /** `[shard]` lossSum, correct, samples, weight in the mean; then, if a step was not finite: its number from 1, kind and value. */
  readonly shards: readonly Float64Array[];
  /** `[shard]` the stretch of work that it was claimed in last: see claims.ts. */
  readonly claims: Int32Array;
  /** `[shard]` the order that last dealt it to this machine, where there are others: see orders.ts. */
  readonly dealt: Int32Array;
  /** `[round & 1]` what lies behind that copy of the state; `[2]` what lies behind the best one. */
  readonly courses: readonly [Float64Array, Float64Array, Float64Array];
  /** round, whether it is the best so far, epochs since the best, loss, accuracy. */
  readonly verdict: Float64Array;
  /** `[worker]` squared distance, squared norm. */
  readonly drift: readonly Float64Array[];
  /** `[worker]` squared norm of the weights that it wrote in this round. */
  readonly written: readonly Float64Array[];
  /** `[chunk]` lossSum, correct. */
  readonly chunks: readonly Float64Array[];
  readonly norms: Float64Array;
  /** `[shard]` what its gradient is multiplied with: see joint_step.ts. */
  readonly scales: Float64Array;
  /** `[shard]` with lazy rows: the number of the round that touched each row last; see rows.ts. */
  readonly stamps: readonly Int32Array[];
  /** `[worker]` with lazy rows: room for the list of its rows that move in a round. */
  readonly moved: readonly Int32Array[];
  readonly rounds: readonly Float64Array[];
  readonly epochs: readonly Float64Array[];
  readonly rollbacks: readonly Float64Array[];
  readonly states: readonly [StateView, StateView];
  /** The best state so far, where it is kept. */
  readonly best: Float32Array | undefined;
  /** `[shard]` with averaged weights: the replica, and all of it as one vector. */
  readonly slots: readonly (Replica & { readonly values: Float32Array })[];
  /** `[worker]` with averaged weights. With averaged gradients the only one is the mean. */
  readonly gradients: readonly Float32Array[];
  /** `[shard]` where no replica is kept: with averaged weights it lies in the slot. */
  readonly shardGradients: readonly Float32Array[];
  /** A batch of at most `size` sequences in the room of `worker`. */
  batch(worker: number, size: number): Batch;
  /** The bytes that are the engine's of `worker`. */
  engineScratch(worker: number): { readonly byteOffset: number; readonly byteLength: number };
}

/** The shared memory of a run: new, or `memory` as another thread made it with the same options. */
export function sharedRun(options: MapOptions, memory?: WebAssembly.Memory): SharedRun {
  const map = memoryMap(options);
  memory ??= new WebAssembly.Memory({ initial: map.pages, maximum: map.pages, shared: true });
  const { buffer } = memory;
  const { parameters } = options;

  const at = (region: Region, index: number) => region.byteOffset + region.stride * index;
  const words = (region: Region, length: number) => items(region, (start) => new Int32Array(buffer, start, length));
  const doubles = (region: Region, length: number) => items(region, (start) => new Float64Array(buffer, start, length));
  const floats = (region: Region, length: number) => items(region, (start) => new Float32Array(buffer, start, length));
  function items<View>(region: Region, view: (start: number) => View): View[] {
    return Array.from({ length: region.count }, (_, index) => view(at(region, index)));
  }
  const part = (values: Float32Array, index: number) => values.subarray(index * parameters, (index + 1) * parameters);

  const sets = momentSets(options);
  const [firstValues, secondValues, best] = floats(map.states, parameters * (1 + 2 * sets));
  const [first, second] = [firstValues!, secondValues!].map((values): StateView => ({
    values,
    weights: part(values, 0),
    moments: Array.from({ length: sets }, (_, set) => ({ m: part(values, 1 + 2 * set), v: part(values, 2 + 2 * set) })),
  }));
  const [evenCourse, oddCourse, bestCourse] = doubles(map.courses, COURSE_FIGURES);
  const gradientMode = options.average === "gradients";
  const slots = gradientMode ? [] : floats(map.slots, 3 * parameters);

  return {
    memory,
    map,
    control: new Int32Array(buffer, map.control.byteOffset, CONTROL_WORDS),
    hearts: words(map.hearts, 1),
    counters: doubles(map.counters, COUNTERS),
    shards: doubles(map.shards, SHARD_FIGURES),
    claims: new Int32Array(buffer, map.claims.byteOffset, options.shards),
    dealt: new Int32Array(buffer, map.dealt.byteOffset, options.shards),
    courses: [evenCourse!, oddCourse!, bestCourse!],
    verdict: new Float64Array(buffer, map.verdict.byteOffset, VERDICT_FIGURES),
    drift: doubles(map.drift, DRIFT_FIGURES),
    written: doubles(map.written, 1),
    chunks: doubles(map.chunks, CHUNK_FIGURES),
    norms: new Float64Array(buffer, map.norms.byteOffset, map.norms.count * map.norms.stride / 8),
    scales: new Float64Array(buffer, map.scales.byteOffset, options.shards),
    stamps: words(map.stamps, options.rows),
    moved: words(map.moved, mostRowsOf(options.workers, options.rows)),
    rounds: doubles(map.rounds, ROUND_FIGURES),
    epochs: doubles(map.epochs, EPOCH_FIGURES),
    rollbacks: doubles(map.rollbacks, ROLLBACK_FIGURES),
    states: [first!, second!],
    best,
    slots: slots.map((values) => ({ values, weights: part(values, 0), m: part(values, 1), v: part(values, 2) })),
    gradients: floats(map.gradients, parameters),
    shardGradients: floats(map.slots, parameters),
    batch(worker, size) {
      const room = new Int32Array(buffer, at(map.batches, worker), map.batches.stride / 4);
      return createBatch(size, options.maxLength, room);
    },
    engineScratch: (worker) => ({ byteOffset: at(map.scratch, worker), byteLength: map.scratch.stride }),
  };
}
