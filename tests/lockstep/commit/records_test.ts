import { assert, assertEquals } from "@std/assert";
import {
  type EpochRecord,
  RecordReader,
  type RoundRecord,
  writeEpoch,
  writeRollback,
  writeRound,
} from "../../../lib/lockstep/commit/records.ts";
import { NonFinite } from "../../../lib/lockstep/divergence.ts";
import { type SharedRun, sharedRun } from "../../../lib/lockstep/memory/views.ts";

const create = (epochs: number) =>
  sharedRun({
    parameters: 16,
    lazyRows: 0,
    lazyElements: 0,
    shards: 1,
    workers: 1,
    average: "weights",
    moments: "reset",
    epochs,
    best: false,
    heldOut: 1,
    classes: 0,
    maxBatch: 1,
    maxLength: 1,
    maxVectors: 0,
    engineScratch: 0,
  });
/** Derives every field of a record from its number, so that a mixture of two records is noticed. */
const round = (n: number): RoundRecord => ({
  round: n,
  step: n * 2,
  epoch: n + 0.5,
  lossSum: n * 3,
  correct: n * 5,
  samples: n * 7,
  drift: n * 11,
});
const epoch = (n: number): EpochRecord => ({
  digest: n.toString(16).padStart(8, "0").repeat(8),
  epoch: n,
  round: n * 3,
  step: n * 17,
  training: { loss: n * 5, accuracy: n * 7 },
  heldOut: { loss: n * 11, accuracy: n * 13 },
});
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const finding = { kind: NonFinite.gradient, value: Infinity, shard: 0, step: 9 };

function writeRounds(run: SharedRun, first: number, last: number): void {
  for (const n of numbers(first, last)) writeRound(run, round(n));
}

Deno.test("rounds() gives each record once, in order", () => {
  const run = create(3);
  const reader = new RecordReader(run);
  assertEquals(reader.rounds(), []);
  writeRounds(run, 1, 3);
  assertEquals(reader.rounds(), numbers(1, 3).map(round));
  assertEquals(reader.rounds(), []);
  writeRounds(run, 4, 4);
  assertEquals(reader.rounds(), [round(4)]);
});

Deno.test("rounds() leaves out only the oldest ones when the ring is full", () => {
  const run = create(3);
  const reader = new RecordReader(run);
  const size = run.rounds.length;
  writeRounds(run, 1, size + 100);
  // The writer may be overwriting the oldest one.
  assertEquals(reader.rounds(), numbers(102, size + 100).map(round));
  writeRounds(run, size + 101, size + 105);
  assertEquals(reader.rounds(), numbers(size + 101, size + 105).map(round));
});

Deno.test("rounds() leaves out the records that are overwritten while it reads", () => {
  const run = create(3);
  const reader = new RecordReader(run);
  const size = run.rounds.length;
  writeRounds(run, 1, size);
  const place = run.rounds[50]!;
  let overtaken = false;
  Object.assign(place, {
    slice() {
      if (!overtaken) writeRounds(run, size + 1, size + 200); // 150 of them in places that are not read yet
      overtaken = true;
      return Float64Array.prototype.slice.call(place);
    },
  });
  assertEquals(reader.rounds(), numbers(202, size).map(round));
  assertEquals(reader.rounds(), numbers(size + 1, size + 200).map(round));
});

Deno.test("epochs() loses none in a run of few epochs, even without a read before the end", () => {
  for (const epochs of [1, 2, 7]) {
    const run = create(epochs);
    for (const n of numbers(1, epochs)) writeEpoch(run, epoch(n));
    assertEquals(new RecordReader(run).epochs(), numbers(1, epochs).map(epoch));
  }
});

Deno.test("epochs() leaves out the records that are overwritten while it reads", () => {
  const run = create(1_000_000);
  const reader = new RecordReader(run);
  const size = run.epochs.length;
  assert(size < 10_000);
  for (const n of numbers(1, size)) writeEpoch(run, epoch(n));
  const place = run.epochs[size - 1]!;
  Object.assign(place, {
    slice() {
      const record = Float64Array.prototype.slice.call(place);
      for (const n of numbers(size + 1, size + 9)) writeEpoch(run, epoch(n));
      return record;
    },
  });
  assertEquals(reader.epochs(), numbers(11, size).map(epoch));
});

Deno.test("epochs(), rollbacks() and rounds() leave later rounds than the given one for the next call", () => {
  const run = create(9);
  const reader = new RecordReader(run);
  const rollback = (n: number) => ({ ...finding, round: n, restored: 3, position: 3, rollbacks: 1, learningRate: 0.5 });
  for (const n of [1, 2, 4]) writeEpoch(run, epoch(n));
  writeRollback(run, rollback(9));
  writeRounds(run, 1, 10);
  const until = (lastRound: number) => [
    reader.epochs(lastRound).map((record) => record.round),
    reader.rollbacks(lastRound).map((record) => record.round),
    reader.rounds(lastRound).map((record) => record.round),
  ];
  // Epoch n ends in round 3 n here.
  assertEquals(until(8), [[3, 6], [], numbers(1, 8)]);
  assertEquals(until(8), [[], [], []]);
  assertEquals(until(9), [[], [9], [9]]);
  assertEquals(until(Infinity), [[12], [], [10]]);
});
