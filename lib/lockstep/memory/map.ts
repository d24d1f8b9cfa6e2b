/**
 * This layer is the one shared memory of a run: its map, typed views, and the state in it. It does not train: it starts no
 * thread and computes no gradient or average. Start with the map below; views.ts turns it into arrays, and only fields.ts
 * and control.ts name the positions in them.
 *
 *   control   │ words that steer: see control.ts
 *   hearts    │ one beat count a worker, a cache line each
 *   counters  │ each worker's running sums of time and sequences
 *   shards    │ sums of each shard in this round: see fields.ts
 *   claims    │ for each shard, the section of work in which it was claimed last: see work_stealing.ts
 *   dealt     │ the order that last dealt each shard to this machine   (with other machines)
 *   histories │ the training history of each copy of the state, and of the best one
 *   epochEnd  │ how the last evaluated epoch compares with the best one, until the next round commits
 *   drift     │ each worker's slice of the drift
 *   written   │ squared norm of the weights that each worker wrote in this round
 *   chunks    │ loss and hits of each chunk of the validation set
 *   classes   │ rows and hits of each class of the validation set      (metric: macro-f1)
 *   norms     │ squared norm of each block of the mean gradient        (average: gradients)
 *   scales    │ each shard's factor of gradient clipping               (average: weights)
 *   stamps    │ one list a shard: the round that touched each row last (embeddingRows: lazy)
 *   moved     │ one list a worker: its rows that move in this round    (embeddingRows: lazy)
 *   rounds    │ ring of committed rounds, for the main thread
 *   epochs    │ ring of evaluated epochs, for the main thread
 *   rollbacks │ room for every rollback, for the main thread
 *   states    │ two copies of the state: weights, then moment sets (m, v); `round & 1` says which one is current;
 *             │ and a third one for the best state so far              (where it is kept)
 *   slots     │ one a shard: weights, m, v; or its gradient, where no replica is kept
 *   gradients │ one a worker                                           (average: gradients: one, the mean)
 *   batches   │ one a worker: tokens, lengths, labels, rows of its vectors
 *   scratch   │ one a worker, for its engine
 */
import { batchWords } from "../../data/batches/batch.ts";
import { PAGE_BYTES, wholeLines } from "../../engine/regions.ts";
import { CONTROL_WORDS } from "./control.ts";
import {
  ChunkField,
  ClassField,
  Counter,
  DIGEST_WORDS,
  DriftField,
  EPOCH_FIELDS,
  EpochEndField,
  HistoryField,
  ROLLBACK_FIELDS,
  ROUND_FIELDS,
  SHARD_FIELD_COUNT,
  sizeOf,
} from "./fields.ts";
import { mostRowsOf, ROW_SLICES } from "./sparse_rows.ts";
import { MAX_ROLLBACKS } from "./training_history.ts";

export interface MapOptions {
  /** Elements of the flat parameter vector: a multiple of 16. */
  readonly parameters: number;
  /** Counts the rows of the embedding that move one by one, and their elements, the first of the vector; 0 if all rows move. */
  readonly lazyRows: number;
  readonly lazyElements: number;
  readonly shards: number;
  readonly workers: number;
  readonly average: "weights" | "gradients";
  readonly moments: "average" | "local" | "reset";
  readonly epochs: number;
  /** Is true where the best state is kept. */
  readonly best: boolean;
  readonly heldOut: number;
  /** Classes whose validation rows are counted; 0 if they are not. */
  readonly classes: number;
  /** Sequences and tokens of the largest batch, for training or validation. */
  readonly maxBatch: number;
  readonly maxLength: number;
  /** The most vectors of a batch that are made of several rows of the embedding; 0 if none are. */
  readonly maxVectors: number;
  /** The most labels of a row; 0 where each has one. */
  readonly maxLabels?: number;
  /** Bytes that each worker's engine asks for. */
  readonly engineScratch: number;
}

export interface Region {
  readonly byteOffset: number;
  /** Bytes of one item, and from one item to the next: whole cache lines. */
  readonly bytes: number;
  readonly stride: number;
  readonly count: number;
}

/** Counts the rounds that the main thread may fall behind before it loses the oldest, and the one that a worker is writing. */
const ROUND_RING = 4096;
/** Does the same for epochs: a run with fewer of them loses none. */
const EPOCH_RING = 4096;
/** Counts the sequences of the validation set that one call evaluates. */
export const CHUNK_SIZE = 256;
/** Counts the elements whose squares one thread sums at a time: fixed, so that the sum does not depend on workers. */
export const NORM_BLOCK = 4096;

/** Counts the moment sets of a state: with `local` every shard has its own, with `reset` there are none. */
export function momentSets(options: Pick<MapOptions, "average" | "moments" | "shards">): number {
  if (options.average === "gradients") return 1;
  return { average: 1, local: options.shards, reset: 0 }[options.moments];
}

/** Counts the squared norms that add up to the mean gradient's: of slices of sparse rows, then of blocks of all else. */
function normBlocks({ parameters, lazyElements }: MapOptions): number {
  return ROW_SLICES + Math.ceil((parameters - lazyElements) / NORM_BLOCK);
}

/** Places each region; sizes are in bytes, and in WebAssembly pages of 64 KiB. */
type MemoryMap = ReturnType<typeof drawMap>;

/** Computes the map: a pure function of the options. */
export function memoryMap(options: MapOptions): MemoryMap {
  return drawMap(options);
}

function drawMap(options: MapOptions) {
  const { parameters, shards, workers } = options;
  const vector = parameters * 4;
  const gradientMode = options.average === "gradients";
  let byteLength = 0;
  const region = (bytes: number, count: number): Region => {
    const stride = wholeLines(bytes);
    const byteOffset = byteLength;
    byteLength += stride * count;
    return { byteOffset, bytes, stride, count };
  };
  const map = {
    control: region(CONTROL_WORDS * 4, 1),
    hearts: region(4, workers),
    counters: region(sizeOf(Counter) * 8, workers),
    shards: region(SHARD_FIELD_COUNT * 8, shards),
    claims: region(4 * shards, 1),
    dealt: region(4 * shards, 1),
    histories: region(sizeOf(HistoryField) * 8, 3),
    epochEnd: region(sizeOf(EpochEndField) * 8, 1),
    drift: region(sizeOf(DriftField) * 8, workers),
    written: region(8, workers),
    chunks: region(sizeOf(ChunkField) * 8, Math.ceil(options.heldOut / CHUNK_SIZE)),
    classes: region(4 * sizeOf(ClassField) * options.classes, options.classes > 0 ? 1 : 0),
    norms: region(8 * normBlocks(options), gradientMode ? 1 : 0),
    scales: region(8 * shards, 1),
    stamps: region(4 * options.lazyRows, shards),
    moved: region(4 * mostRowsOf(workers, options.lazyRows), workers),
    rounds: region(ROUND_FIELDS.length * 8, ROUND_RING),
    epochs: region(
      (EPOCH_FIELDS.length + DIGEST_WORDS) * 8,
      Math.min((options.epochs + 1) * (MAX_ROLLBACKS + 1), EPOCH_RING),
    ),
    rollbacks: region(ROLLBACK_FIELDS.length * 8, MAX_ROLLBACKS),
    states: region(vector * (1 + 2 * momentSets(options)), options.best ? 3 : 2),
    slots: region(gradientMode ? vector : 3 * vector, shards),
    gradients: region(vector, gradientMode ? 1 : workers),
    batches: region(
      batchWords(options.maxBatch, options.maxLength, options.maxVectors, options.maxLabels) * 4,
      workers,
    ),
    scratch: region(options.engineScratch, workers),
  };
  return { ...map, byteLength, pages: Math.ceil(byteLength / PAGE_BYTES) };
}
