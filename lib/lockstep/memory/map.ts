/**
 * Where everything of a run lies in its one shared memory. Nothing else knows an offset.
 *
 *   control   │ words that steer: see control.ts
 *   hearts    │ one beat count a worker, a cache line each
 *   counters  │ what each worker did, as running sums
 *   shards    │ of each shard in this round: loss, hits, samples, weight in the mean, and its first step that was not finite
 *   claims    │ who does what: of each shard, the stretch of work that it was claimed in last; see claims.ts
 *   dealt     │ the order that last dealt each shard to this machine      (with other machines)
 *   courses   │ what lies behind each copy of the state: see course.ts
 *   verdict   │ what the end of an epoch came to, until the next round commits
 *   drift     │ each worker's part of the drift
 *   written   │ squared norm of the weights that each worker wrote in this round
 *   chunks    │ loss and hits of each chunk of the held-out data
 *   norms     │ squared norm of each part of the mean gradient         (average: gradients)
 *   scales    │ what each shard's gradient is clipped by               (average: weights)
 *   stamps    │ one list a shard: the round that touched each row last (embeddingRows: lazy)
 *   moved     │ one list a worker: its rows that move in this round (embeddingRows: lazy)
 *   rounds    │ ring of committed rounds, for the main thread
 *   epochs    │ ring of evaluated epochs, for the main thread
 *   rollbacks │ all there can be, for the main thread
 *   states    │ two copies of the state: weights, then moment sets (m, v); round & 1 says which one is current;
 *             │ and a third one, of the best state so far              (where it is kept)
 *   slots     │ one a shard: weights, m, v; or its gradient, where no replica is kept
 *   gradients │ one a worker                                           (average: gradients: the mean, once)
 *   batches   │ one a worker: tokens, lengths, labels
 *   scratch   │ one a worker, for its engine
 */
import { batchWords } from "../../data/batch.ts";
import { COURSE_FIGURES, MAX_ROLLBACKS } from "./training_history.ts";
import { mostRowsOf, ROW_PARTS } from "./sparse_rows.ts";

export interface MapOptions {
  /** Elements of the flat parameter vector; a multiple of 16. */
  readonly parameters: number;
  /** Rows of the embedding that move one by one, and the vector's first elements, which hold them; 0 if all move. */
  readonly rows: number;
  readonly lazyElements: number;
  readonly shards: number;
  readonly workers: number;
  readonly average: "weights" | "gradients";
  readonly moments: "average" | "local" | "reset";
  readonly epochs: number;
  /** Whether the best state is kept. */
  readonly best: boolean;
  readonly heldOut: number;
  /** Sequences and tokens of the largest batch, training or held-out. */
  readonly maxBatch: number;
  readonly maxLength: number;
  /** Bytes that each worker's engine asks for. */
  readonly engineScratch: number;
}

export interface Region {
  readonly byteOffset: number;
  /** Bytes of one item. */
  readonly stride: number;
  readonly count: number;
}

export const CONTROL_WORDS = 96;
export const COUNTERS = 4;
export const SHARD_FIGURES = 7;
export const VERDICT_FIGURES = 5;
export const CHUNK_FIGURES = 2;
export const DRIFT_FIGURES = 2;
export const ROUND_FIGURES = 8;
export const EPOCH_FIGURES = 16;
export const ROLLBACK_FIGURES = 16;

/** Rounds that the main thread may fall behind before the oldest are forgotten, and the one that is being written. */
const ROUND_RING = 4096;
/** Likewise for epochs, which also take room in the log: a run with fewer never loses one. */
const EPOCH_RING = 4096;
/** Held-out sequences that are evaluated in one call. */
export const CHUNK_SIZE = 256;
/** Elements whose squares are summed by one thread in one go: fixed, so that the sum does not depend on workers. */
export const NORM_BLOCK = 4096;

const LINE = 64;
const PAGE = 65_536;

/** Moment sets that a state holds: with `local` every shard has its own, with `reset` there are none. */
export function momentSets(options: Pick<MapOptions, "average" | "moments" | "shards">): number {
  if (options.average === "gradients") return 1;
  return { average: 1, local: options.shards, reset: 0 }[options.moments];
}

/** Squared norms that a mean gradient is summed from: of parts of the rows that move one by one, then of all else. */
function normBlocks({ parameters, lazyElements }: MapOptions): number {
  return ROW_PARTS + Math.ceil((parameters - lazyElements) / NORM_BLOCK);
}

/** Of two copies, the one that is current after `round` rounds, and the one that the next round goes into. */
export function currentAndNext<Copy>(copies: readonly [Copy, Copy], round: number): [current: Copy, next: Copy] {
  const [even, odd] = copies;
  return round & 1 ? [odd, even] : [even, odd];
}

type RegionName =
  | "control"
  | "hearts"
  | "counters"
  | "shards"
  | "claims"
  | "dealt"
  | "courses"
  | "verdict"
  | "drift"
  | "written"
  | "chunks"
  | "norms"
  | "scales"
  | "stamps"
  | "moved"
  | "rounds"
  | "epochs"
  | "rollbacks"
  | "states"
  | "slots"
  | "gradients"
  | "batches"
  | "scratch";

/** Where each region lies; sizes in bytes, and in WebAssembly pages of 64 KiB. */
export type MemoryMap = Readonly<Record<RegionName, Region>> & { readonly byteLength: number; readonly pages: number };

export function memoryMap(options: MapOptions): MemoryMap {
  const { parameters, shards, workers } = options;
  const vector = parameters * 4;
  const gradientMode = options.average === "gradients";
  let byteLength = 0;
  const region = (bytes: number, count: number): Region => {
    const stride = Math.ceil(bytes / LINE) * LINE;
    const byteOffset = byteLength;
    byteLength += stride * count;
    return { byteOffset, stride, count };
  };
  const map = {
    control: region(CONTROL_WORDS * 4, 1),
    hearts: region(LINE, workers),
    counters: region(COUNTERS * 8, workers),
    shards: region(SHARD_FIGURES * 8, shards),
    claims: region(4 * shards, 1),
    dealt: region(4 * shards, 1),
    courses: region(COURSE_FIGURES * 8, 3),
    verdict: region(VERDICT_FIGURES * 8, 1),
    drift: region(DRIFT_FIGURES * 8, workers),
    written: region(8, workers),
    chunks: region(CHUNK_FIGURES * 8, Math.ceil(options.heldOut / CHUNK_SIZE)),
    norms: region(8 * normBlocks(options), gradientMode ? 1 : 0),
    scales: region(8 * shards, 1),
    stamps: region(4 * options.rows, shards),
    moved: region(4 * mostRowsOf(workers, options.rows), workers),
    rounds: region(ROUND_FIGURES * 8, ROUND_RING),
    epochs: region(EPOCH_FIGURES * 8, Math.min((options.epochs + 1) * (MAX_ROLLBACKS + 1), EPOCH_RING)),
    rollbacks: region(ROLLBACK_FIGURES * 8, MAX_ROLLBACKS),
    states: region(vector * (1 + 2 * momentSets(options)), options.best ? 3 : 2),
    slots: region(gradientMode ? vector : 3 * vector, shards),
    gradients: region(vector, gradientMode ? 1 : workers),
    batches: region(batchWords(options.maxBatch, options.maxLength) * 4, workers),
    scratch: region(options.engineScratch, workers),
  };
  return { ...map, byteLength, pages: Math.ceil(byteLength / PAGE) };
}
