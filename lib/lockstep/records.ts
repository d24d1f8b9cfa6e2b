/** What workers tell the main thread, through rings in shared memory that nobody waits for. */
import { Word } from "./control.ts";
import type { SharedRun } from "./shared_run.ts";

/** One committed round, all shards together. */
export interface RoundRecord {
  /** Rounds committed, this one included. */
  readonly round: number;
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
  readonly training: { readonly loss: number; readonly accuracy: number };
  /** Of the averaged weights on the held-out data. */
  readonly heldOut: { readonly loss: number; readonly accuracy: number };
}

export function writeRound(run: SharedRun, record: RoundRecord): void {
  const { round, epoch, lossSum, correct, samples, drift } = record;
  const position = Atomics.load(run.control, Word.roundsWritten);
  run.rounds[position % run.rounds.length]!.set([round, epoch, lossSum, correct, samples, drift]);
  // The store comes last: whoever sees the new count sees the record.
  Atomics.store(run.control, Word.roundsWritten, position + 1);
}

export function writeEpoch(run: SharedRun, { epoch, round, training, heldOut }: EpochRecord): void {
  const position = Atomics.load(run.control, Word.epochsWritten);
  const values = [epoch, round, training.loss, training.accuracy, heldOut.loss, heldOut.accuracy];
  run.epochs[position % run.epochs.length]!.set(values);
  Atomics.store(run.control, Word.epochsWritten, position + 1);
}

/** Reads what was written since the last call, oldest first. Records that the ring has overwritten are left out. */
export class RecordReader {
  readonly #run: SharedRun;
  #rounds = 0;
  #epochs = 0;

  constructor(run: SharedRun) {
    this.#run = run;
  }

  rounds(): RoundRecord[] {
    const { control, rounds } = this.#run;
    const written = Atomics.load(control, Word.roundsWritten);
    const records = read(rounds, this.#rounds, written).map(([round, epoch, lossSum, correct, samples, drift]) => ({
      round: round!,
      epoch: epoch!,
      lossSum: lossSum!,
      correct: correct!,
      samples: samples!,
      drift: drift!,
    }));
    // What was overwritten while it was read is dropped as well.
    const overwritten = Atomics.load(control, Word.roundsWritten) + 1 - rounds.length - (written - records.length);
    this.#rounds = written;
    return records.slice(Math.max(0, overwritten));
  }

  epochs(): EpochRecord[] {
    const { control, epochs } = this.#run;
    const written = Atomics.load(control, Word.epochsWritten);
    const records = read(epochs, this.#epochs, written);
    this.#epochs = written;
    return records.map(([epoch, round, trainingLoss, trainingAccuracy, loss, accuracy]) => ({
      epoch: epoch!,
      round: round!,
      training: { loss: trainingLoss!, accuracy: trainingAccuracy! },
      heldOut: { loss: loss!, accuracy: accuracy! },
    }));
  }
}

function read(ring: readonly Float64Array[], from: number, to: number): Float64Array[] {
  const first = Math.max(from, to - ring.length);
  return Array.from({ length: to - first }, (_, index) => ring[(first + index) % ring.length]!.slice());
}
