/** Predicts sequences of ids with an engine, in batches. All predictions of this program are computed here. */
import { fillBatch, type Rows } from "../data/batches/fill_batch.ts";
import { createVectorNumbers, type NumberVectors } from "../data/batches/letter_rows.ts";
import type { PredictionRoom } from "../engine/forward_room.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { Combiner } from "../ngrams/combine.ts";

/** The vectors of a batch that are not of known words: a batch has fewer sequences if they have more. */
const UNKNOWN_VECTORS = 4096;

/** Returns the most vectors of a batch that are made of rows. */
export function mostVectors({ letterRows, vocabulary }: ModelSpec, maxBatch: number, maxLength: number): number {
  return letterRows > 0 ? Math.min(vocabulary + Math.max(maxLength, UNKNOWN_VECTORS), maxBatch * maxLength) : 0;
}

export class SequencePredictor {
  /** True if a sequence may have several labels. */
  readonly several: boolean;
  readonly #classes: number;
  readonly #maxBatch: number;
  readonly #room: PredictionRoom;
  /** Numbers the vectors of a batch, for models whose words have letters. */
  readonly #numberVectors: NumberVectors | undefined;
  /** Combines n-grams with the LSTM. */
  #combine: Combiner | undefined;

  /** The room has `mostVectors`. */
  constructor(spec: ModelSpec, room: PredictionRoom, maxBatch: number) {
    this.several = spec.labels === "many";
    this.#classes = spec.classes;
    this.#maxBatch = maxBatch;
    this.#room = room;
    if (spec.letterRows > 0) this.#numberVectors = createVectorNumbers(spec);
  }

  /** Tells whether predictions need the keys of unknown tokens. */
  get keepsUnknown(): boolean {
    return this.#combine !== undefined || this.#numberVectors !== undefined;
  }

  /** Gives the engine other weights, those of `parameterLayout`. */
  setWeights(weights: Float32Array): void {
    this.#room.weights.set(weights);
    this.#room.engine.hold(this.#room.weights);
  }

  /** Sets the n-grams that are combined with the LSTM. */
  setCombiner(combine: Combiner | undefined): void {
    this.#combine = combine;
  }

  /** Combines n-grams with the LSTM, if the model has some. */
  get combine(): Combiner | undefined {
    return this.#combine;
  }

  /** Returns the probabilities `[sequences, classes]`. */
  predict(sequences: Rows): Float32Array {
    return this.#predictAll(sequences, this.#combine);
  }

  /** Returns the probabilities of the LSTM by itself, `[sequences, classes]`. */
  predictLstm(sequences: Rows): Float32Array {
    return this.#predictAll(sequences, undefined);
  }

  #predictAll(sequences: Rows, combine: Combiner | undefined): Float32Array {
    const count = sequences.offsets.length - 1;
    const probabilities = new Float32Array(count * this.#classes);
    for (let first = 0; first < count;) {
      first += this.#predictBatch(sequences, undefined, first, count, probabilities, combine);
    }
    return probabilities;
  }

  /**
   * Predicts `rows` in the order that `order` lists, and stops after each batch so that the caller can give others their
   * turn. Writes the probabilities of row r to `probabilities` from `r * classes` on.
   */
  *predictRows(rows: Rows, order: Uint32Array, probabilities: Float32Array): Generator<void, void, void> {
    for (let first = 0; first < order.length;) {
      first += this.#predictBatch(rows, order, first, order.length, probabilities, this.#combine);
      yield;
    }
  }

  /** Predicts the sequences from `first` on, as many as fit into a batch and come before `end`; see fillBatch. Returns how many. */
  #predictBatch(
    sequences: Rows,
    order: Uint32Array | undefined,
    first: number,
    end: number,
    probabilities: Float32Array,
    combine: Combiner | undefined,
  ): number {
    const classes = this.#classes;
    const { engine, batch, weights } = this.#room;
    const size = this.#fitting(sequences, order, first, end);
    fillBatch(batch, sequences, order, first, size);
    this.#numberVectors?.(batch, sequences, order, first);
    const found = engine.predict(weights, batch);
    if (!order) probabilities.set(found, first * classes);
    if (!order && !combine) return size;
    for (let row = 0; row < size; row++) {
      const source = order ? order[first + row]! : first + row;
      const own = probabilities.subarray(source * classes, (source + 1) * classes);
      if (order) own.set(found.subarray(row * classes, (row + 1) * classes));
      combine?.(own, sequences, source);
    }
    return size;
  }

  /** Returns how many sequences fit into a batch: at least one. */
  #fitting({ unknown }: Rows, order: Uint32Array | undefined, first: number, end: number): number {
    const most = Math.min(this.#maxBatch, end - first);
    if (!this.#numberVectors || !unknown) return most;
    let vectors = 0;
    for (let size = 0; size < most; size++) {
      const row = order ? order[first + size]! : first + size;
      vectors += unknown.before[row + 1]! - unknown.before[row]!;
      if (size > 0 && vectors > UNKNOWN_VECTORS) return size;
    }
    return most;
  }
}
