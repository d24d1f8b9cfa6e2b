/** What workers tell the main thread, through rings in shared memory that nobody waits for. */
import { Word } from "../memory/control.ts";
import { type Finding, Kind } from "../divergence.ts";
import type { SharedRun } from "../memory/views.ts";

/** 32-bit words of a digest. */
const DIGEST_WORDS = 8;

/** One committed round, all shards together. */
export interface RoundRecord {
  /** Rounds committed, this one included. */
  readonly round: number;
  /** Steps of each shard that are done. */
  readonly step: number;
  readonly epoch: number;
  readonly lossSum: number;
  readonly correct: number;
  readonly samples: number;
  /** Relative drift between shards, or NaN where it was not measured. */
  readonly drift: number;
}

/** One evaluated epoch. */
export interface EpochRecord {
  /** Epochs done, this one included. */
  readonly epoch: number;
  readonly round: number;
  readonly step: number;
  /** SHA-256 of the state, in hex. */
  readonly digest: string;
  readonly training: { readonly loss: number; readonly accuracy: number };
  /** Of the averaged weights on the held-out data. */
  readonly heldOut: { readonly loss: number; readonly accuracy: number };
}

/** A round that took others back. */
export interface RollbackRecord extends Finding {
  readonly round: number;
  /** The round whose state it is, and the rounds of the schedule that are done then. */
  readonly restored: number;
  readonly position: number;
  /** So far, this one included. */
  readonly rollbacks: number;
  /** Which was too high. */
  readonly learningRate: number;
}

export function writeRound(run: SharedRun, record: RoundRecord): void {
  const { round, step, epoch, lossSum, correct, samples, drift } = record;
  const position = Atomics.load(run.control, Word.roundsWritten);
  run.rounds[position % run.rounds.length]!.set([round, step, epoch, lossSum, correct, samples, drift]);
  // The store comes last: whoever sees the new count sees the record.
  Atomics.store(run.control, Word.roundsWritten, position + 1);
}

export function writeEpoch(run: SharedRun, { epoch, round, step, digest, training, heldOut }: EpochRecord): void {
  const position = Atomics.load(run.control, Word.epochsWritten);
  const words = Array.from({ length: DIGEST_WORDS }, (_, i) => parseInt(digest.slice(8 * i, 8 * i + 8), 16));
  const values = [epoch, round, step, training.loss, training.accuracy, heldOut.loss, heldOut.accuracy, ...words];
  run.epochs[position % run.epochs.length]!.set(values);
  Atomics.store(run.control, Word.epochsWritten, position + 1);
}

export function writeRollback(run: SharedRun, record: RollbackRecord): void {
  const { round, restored, position, rollbacks, learningRate, kind, value, shard, step } = record;
  const values = [round, restored, position, rollbacks, learningRate, kind, value, shard, step];
  run.rollbacks[rollbacks - 1]!.set(values);
  Atomics.store(run.control, Word.rollbacksWritten, rollbacks);
}

/** Reads what was written since the last call, oldest first. Records that the ring has overwritten are left out. */
export class RecordReader {
  readonly #run: SharedRun;
  #rounds = 0;
  #epochs = 0;
  #rollbacks: number;

  constructor(run: SharedRun) {
    this.#run = run;
    this.#rollbacks = Atomics.load(run.control, Word.rollbacksWritten);
  }

  rounds(): RoundRecord[] {
    const { control, rounds } = this.#run;
    const { records, written } = read(control, Word.roundsWritten, rounds, this.#rounds);
    this.#rounds = written;
    return records.map(([round, step, epoch, lossSum, correct, samples, drift]) => ({
      round: round!,
      step: step!,
      epoch: epoch!,
      lossSum: lossSum!,
      correct: correct!,
      samples: samples!,
      drift: drift!,
    }));
  }

  epochs(): EpochRecord[] {
    const { control, epochs } = this.#run;
    const { records, written } = read(control, Word.epochsWritten, epochs, this.#epochs);
    this.#epochs = written;
    return records.map(([epoch, round, step, trainingLoss, trainingAccuracy, loss, accuracy, ...words]) => ({
      epoch: epoch!,
      round: round!,
      step: step!,
      digest: words.slice(0, DIGEST_WORDS).map((word) => word.toString(16).padStart(8, "0")).join(""),
      training: { loss: trainingLoss!, accuracy: trainingAccuracy! },
      heldOut: { loss: loss!, accuracy: accuracy! },
    }));
  }

  rollbacks(): RollbackRecord[] {
    const written = Atomics.load(this.#run.control, Word.rollbacksWritten);
    const records = this.#run.rollbacks.slice(this.#rollbacks, written);
    this.#rollbacks = written;
    return records.map(([round, restored, position, rollbacks, learningRate, kind, value, shard, step]) => ({
      round: round!,
      restored: restored!,
      position: position!,
      rollbacks: rollbacks!,
      learningRate: learningRate!,
      kind: Object.values(Kind).find((known) => known === kind) ?? Kind.loss,
      value: value!,
      shard: shard!,
      step: step!,
    }));
  }
}

/** The records of `ring` from number `from` on, and how many `word` says were ever written. */
function read(
  control: Int32Array,
  word: typeof Word.roundsWritten | typeof Word.epochsWritten,
  ring: readonly Float64Array[],
  from: number,
): { records: Float64Array[]; written: number } {
  const written = Atomics.load(control, word);
  const first = Math.max(from, written - ring.length);
  const records = Array.from({ length: written - first }, (_, index) => ring[(first + index) % ring.length]!.slice());
  // What was overwritten while it was read is dropped as well, and what may be under the writer's hand.
  const overwritten = Atomics.load(control, word) + 1 - ring.length - first;
  return { records: records.slice(Math.max(0, overwritten)), written };
}
