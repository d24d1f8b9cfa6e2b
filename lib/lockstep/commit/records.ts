/** Passes records from the workers to the main thread through rings in shared memory. No thread waits for another. */
import { type Finding, NonFinite } from "../divergence.ts";
import { Word } from "../memory/control.ts";
import { DIGEST_WORDS, EPOCH_FIELDS, ROLLBACK_FIELDS, ROUND_FIELDS } from "../memory/fields.ts";
import type { SharedRun } from "../memory/views.ts";

/** Describes a committed round, all shards together. */
export interface RoundRecord {
  /** Counts the committed rounds, this one included. */
  readonly round: number;
  /** Counts the steps that each shard has taken. */
  readonly step: number;
  readonly epoch: number;
  readonly lossSum: number;
  readonly correct: number;
  readonly samples: number;
  /** The relative drift between shards, or NaN where it was not measured. */
  readonly drift: number;
}

/** Describes a state on the validation set. */
export interface ValidationMetrics {
  readonly loss: number;
  readonly accuracy: number;
  /** Present if it is the metric of the run. */
  readonly macroF1?: number | undefined;
}

/** Describes an evaluated epoch. */
export interface EpochRecord {
  /** Counts the epochs, this one included. */
  readonly epoch: number;
  readonly round: number;
  readonly step: number;
  /** SHA-256 of the state, in hex. */
  readonly digest: string;
  readonly training: { readonly loss: number; readonly accuracy: number };
  /** Metrics of the averaged weights on the validation set. */
  readonly heldOut: ValidationMetrics;
}

/** Describes a round that undid others. */
export interface RollbackRecord extends Finding {
  readonly round: number;
  /** The round whose state it restores, and the number of rounds of the schedule that this state has done. */
  readonly restored: number;
  readonly position: number;
  /** Counts the rollbacks so far, this one included. */
  readonly rollbacks: number;
  /** The learning rate that was too high. */
  readonly learningRate: number;
}

export function writeRound(run: SharedRun, record: RoundRecord): void {
  const position = Atomics.load(run.control, Word.roundsWritten);
  run.rounds[position % run.rounds.length]!.set(ROUND_FIELDS.map((field) => record[field]));
  // The store comes last: a reader that sees the new count sees the record.
  Atomics.store(run.control, Word.roundsWritten, position + 1);
}

export function writeEpoch(run: SharedRun, { digest, training, heldOut, ...record }: EpochRecord): void {
  const position = Atomics.load(run.control, Word.epochsWritten);
  const fields = {
    ...record,
    trainingLoss: training.loss,
    trainingAccuracy: training.accuracy,
    heldOutLoss: heldOut.loss,
    heldOutAccuracy: heldOut.accuracy,
    heldOutMacroF1: heldOut.macroF1 ?? NaN,
  };
  const words = Array.from({ length: DIGEST_WORDS }, (_, i) => parseInt(digest.slice(8 * i, 8 * i + 8), 16));
  run.epochs[position % run.epochs.length]!.set([...EPOCH_FIELDS.map((field) => fields[field]), ...words]);
  Atomics.store(run.control, Word.epochsWritten, position + 1);
}

export function writeRollback(run: SharedRun, record: RollbackRecord): void {
  run.rollbacks[record.rollbacks - 1]!.set(ROLLBACK_FIELDS.map((field) => record[field]));
  Atomics.store(run.control, Word.rollbacksWritten, record.rollbacks);
}

/**
 * Reads the records written since the last call, oldest first, without those that the ring has overwritten. Keeps records
 * of rounds after `lastRound` for the next call.
 */
export class RecordReader {
  readonly #run: SharedRun;
  #rounds = 0;
  #epochs = 0;
  #rollbacks: number;

  constructor(run: SharedRun) {
    this.#run = run;
    this.#rollbacks = Atomics.load(run.control, Word.rollbacksWritten);
  }

  rounds(lastRound = Infinity): RoundRecord[] {
    const { control, rounds } = this.#run;
    const { records, written } = read(control, Word.roundsWritten, rounds, this.#rounds);
    const due = upTo(lastRound, records.map((values) => unpack(ROUND_FIELDS, values)));
    this.#rounds = written - records.length + due.length;
    return due;
  }

  epochs(lastRound = Infinity): EpochRecord[] {
    const { control, epochs } = this.#run;
    const { records, written } = read(control, Word.epochsWritten, epochs, this.#epochs);
    const due = upTo(lastRound, records.map(epochRecord));
    this.#epochs = written - records.length + due.length;
    return due;
  }

  rollbacks(lastRound = Infinity): RollbackRecord[] {
    const written = Atomics.load(this.#run.control, Word.rollbacksWritten);
    const records = this.#run.rollbacks.slice(this.#rollbacks, written);
    const due = upTo(lastRound, records.map(rollbackRecord));
    this.#rollbacks = written - records.length + due.length;
    return due;
  }
}

/** Returns the records of rounds up to `lastRound`: the first ones, which are in the order of their rounds. */
function upTo<R extends { readonly round: number }>(lastRound: number, records: readonly R[]): R[] {
  return records.filter(({ round }) => round <= lastRound);
}

function epochRecord(values: Float64Array): EpochRecord {
  const { epoch, round, step, ...fields } = unpack(EPOCH_FIELDS, values);
  const words = [...values.subarray(EPOCH_FIELDS.length)];
  const macroF1 = fields.heldOutMacroF1;
  return {
    epoch,
    round,
    step,
    digest: words.map((word) => word.toString(16).padStart(8, "0")).join(""),
    training: { loss: fields.trainingLoss, accuracy: fields.trainingAccuracy },
    heldOut: {
      loss: fields.heldOutLoss,
      accuracy: fields.heldOutAccuracy,
      ...!Number.isNaN(macroF1) && { macroF1 },
    },
  };
}

function rollbackRecord(values: Float64Array): RollbackRecord {
  const { kind, ...record } = unpack(ROLLBACK_FIELDS, values);
  return { ...record, kind: Object.values(NonFinite).find((known) => known === kind) ?? NonFinite.loss };
}

/** Names the first `values` by `fields`. */
function unpack<Field extends string>(fields: readonly Field[], values: Float64Array): Record<Field, number> {
  const record: Partial<Record<Field, number>> = {};
  for (const [i, field] of fields.entries()) record[field] = values[i]!;
  return record as Record<Field, number>;
}

/** Returns the records of `ring` from number `from`, and how many records were ever written according to `word`. */
function read(
  control: Int32Array,
  word: typeof Word.roundsWritten | typeof Word.epochsWritten,
  ring: readonly Float64Array[],
  from: number,
): { records: Float64Array[]; written: number } {
  const written = Atomics.load(control, word);
  const first = Math.max(from, written - ring.length);
  const records = Array.from({ length: written - first }, (_, index) => ring[(first + index) % ring.length]!.slice());
  // Drops the records that a worker has overwritten meanwhile, and the one that it may be writing now.
  const overwritten = Atomics.load(control, word) + 1 - ring.length - first;
  return { records: records.slice(Math.max(0, overwritten)), written };
}
