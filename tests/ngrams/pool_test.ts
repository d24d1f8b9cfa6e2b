import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { answersF1 } from "../../lib/data/class_counts.ts";
import { logLoss } from "../../lib/data/metrics.ts";
import { FIT_BYTES, fitOffsets, fitPool, poolProbabilities } from "../../lib/ngrams/pool.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { inTurns } from "../../lib/base/turns.ts";

/** Two classifiers of two classes whose log-odds are powers `a` and `b` too large of what the labels were drawn with. */
function drawn(rows: number, a: number, b: number) {
  const random = new Random(1, Stream.heldOutData).seek(0);
  const [first, second] = [new Float64Array(2 * rows), new Float64Array(2 * rows)];
  const sigmoid = (odds: number) => 1 / (1 + Math.exp(-odds));
  const labels = Array.from({ length: rows }, (_, row): number => {
    const [one, other] = [2 * random.normal(), random.normal()];
    first.set([sigmoid(-one / a), sigmoid(one / a)], 2 * row);
    second.set([sigmoid(-other / b), sigmoid(other / b)], 2 * row);
    return random.uniform() < sigmoid(one + other) ? 1 : 0;
  });
  return { first, second, labels };
}

/** Fits a pool to its end. */
const fit = (...options: Parameters<typeof fitPool>) => inTurns(fitPool(...options));

const pooledBy = (...options: Parameters<typeof poolProbabilities>) => inTurns(poolProbabilities(...options));

Deno.test("fitPool() finds the powers that the labels were drawn with", async () => {
  for (const [a, b] of [[0.2, 0.8], [1, 1], [2, 0.3]] as const) {
    const { first, second, labels } = drawn(20_000, a, b);
    const { lstm, ngrams } = await fit(first, second, labels);
    assertAlmostEquals(lstm, a, 0.06 * a);
    assertAlmostEquals(ngrams, b, 0.06 * b);
  }
});

Deno.test("fitPool() has a lower loss than either classifier, on rows that it was not fitted to", async () => {
  for (const rows of [50, 5000]) {
    const { first, second, labels } = drawn(rows + 5000, 0.3, 0.9);
    const pool = await fit(first.slice(0, 2 * rows), second.slice(0, 2 * rows), labels.slice(0, rows));
    const [lstm, ngrams] = [first, second].map((all) => Float32Array.from(all.slice(2 * rows)));
    const loss = (all: Float32Array) =>
      labels.slice(rows).reduce((sum, label, row) => sum + logLoss(all[2 * row + label]!), 0);
    const pooled = loss(await pooledBy(lstm!, ngrams!, 2, pool));
    assert(pooled < loss(lstm!) && pooled < loss(ngrams!), `${rows} rows: ${pooled}`);
  }
});

Deno.test("fitPool() gives a classifier that says nothing no share", async () => {
  const { first, labels } = drawn(2000, 1, 1);
  const same = first.map(() => 0.5);
  assertEquals((await fit(same, first, labels)).share, 0);
  assertEquals((await fit(first, same, labels)).share, 1);
});

Deno.test("fitPool() never turns a classifier around that is wrong", async () => {
  const { first, labels } = drawn(2000, 1, 1);
  const wrong = first.map((value) => 1 - value);
  const pool = await fit(wrong, first, labels);
  assert(pool.lstm >= 0 && pool.lstm < 0.05, `${pool.lstm}`);
});

Deno.test("fitPool() stays near the usual powers with few rows, and leaves them with many", async () => {
  assertEquals(await fit(new Float32Array(0), new Float32Array(0), []), { lstm: 0.2, ngrams: 0.85, share: 0.19 });
  // Only the LSTM knows anything, and the n-grams are sure of noise.
  const { first, second } = drawn(3000, 1, 0.5);
  const labels = Array.from({ length: 3000 }, (_, row): number => first[2 * row]! > 0.5 ? 0 : 1);
  const shareOf = async (rows: number) =>
    (await fit(first.slice(0, 2 * rows), second.slice(0, 2 * rows), labels.slice(0, rows))).share;
  const shares = [await shareOf(4), await shareOf(50), await shareOf(3000)] as const;
  assert(shares[0] < 0.5 && shares[0] < shares[1] && shares[1] < shares[2] && shares[2] > 0.95, `${shares}`);
});

Deno.test("fitPool() weights rows by their classes", async () => {
  // The first is right about class 0 only, the second about class 1 only.
  const labels = Array.from({ length: 400 }, (_, row) => row % 2);
  const first = Float64Array.from(labels.flatMap(() => [0.8, 0.2]));
  const second = Float64Array.from(labels.flatMap(() => [0.2, 0.8]));
  const ofFirst = await fit(first, second, labels, Float32Array.of(1.8, 0.2));
  const ofSecond = await fit(first, second, labels, Float32Array.of(0.2, 1.8));
  assert(ofFirst.share > 0.8 && ofSecond.share < 0.2, `${ofFirst.share}, ${ofSecond.share}`);
});

/** Draws rows of which a tenth is of class 1, with the probabilities of a classifier that knows its odds only in part. */
function rare(rows: number, seed: number) {
  const random = new Random(seed, Stream.heldOutData).seek(0);
  const probabilities = new Float64Array(2 * rows);
  const labels = Array.from({ length: rows }, (_, row): number => {
    const label = random.below(10) === 0 ? 1 : 0;
    const odds = 1.5 * (2 * label - 1) + random.normal() - Math.log(9);
    probabilities.set([1 / (1 + Math.exp(odds)), 1 / (1 + Math.exp(-odds))], 2 * row);
    return label;
  });
  const given = (offsets: ArrayLike<number>) =>
    labels.map((_, row) => {
      const odds = Math.log(probabilities[2 * row + 1]! / probabilities[2 * row]!) + offsets[1]! - offsets[0]!;
      return odds > 0 ? 1 : 0;
    });
  return {
    probabilities,
    labels,
    f1: (offsets: ArrayLike<number>) => answersF1(labels, given(offsets), 2),
  };
}

Deno.test("fitOffsets() favours rare classes where that has a better macro-F1 on other rows", async () => {
  const [seen, fresh] = [rare(2000, 1), rare(5000, 2)];
  const offsets = await inTurns(fitOffsets(seen.probabilities, seen.labels, [900, 100]));
  assert(offsets[1]! > offsets[0]!, `${offsets}`);
  assert(fresh.f1(offsets) > fresh.f1([0, 0]) + 0.02, `${fresh.f1(offsets)}, without offsets ${fresh.f1([0, 0])}`);
});

Deno.test("fitOffsets() changes nothing by few rows, equal classes or none at all", async () => {
  const few = rare(40, 3);
  const gain = (await inTurns(fitOffsets(few.probabilities, few.labels, [900, 100])))[1]!;
  assert(gain < 1.2, `${gain}`);
  const { probabilities, labels } = rare(500, 4);
  const equal = await inTurns(fitOffsets(probabilities, labels, [500, 500]));
  assertAlmostEquals(equal[0]!, equal[1]!, 1e-12);
  assertEquals(await inTurns(fitOffsets(new Float64Array(), [], [5, 1])), Float64Array.of(0, 0));
});

Deno.test("poolProbabilities() adds the offsets to the scores", async () => {
  const pool = { lstm: 1, ngrams: 0, share: 1, offsets: Float64Array.of(Math.log(2), 0) };
  const [first] = await pooledBy(Float32Array.of(0.25, 0.75), Float32Array.of(0.5, 0.5), 2, pool);
  assertAlmostEquals(first!, 0.5 / (0.5 + 0.75), 1e-6);
});

Deno.test("fitPool() and poolProbabilities() accept probabilities of 0", async () => {
  const first = Float32Array.of(1, 0, 0, 1);
  const second = Float32Array.of(0, 1, 1, 0);
  const pool = await fit(first, second, [0, 0]);
  const pooled = await pooledBy(first, second, 2, pool);
  assert(pooled.every(Number.isFinite), `${pooled}`);
});

Deno.test("poolProbabilities() is the normalized product of powers", async () => {
  const pooled = await pooledBy(Float32Array.of(0.5, 0.3, 0.2), Float64Array.of(0.1, 0.6, 0.3), 3, {
    lstm: 2,
    ngrams: 0.5,
    share: 0.5,
  });
  const plain = [0.25 * Math.sqrt(0.1), 0.09 * Math.sqrt(0.6), 0.04 * Math.sqrt(0.3)];
  const sum = plain[0]! + plain[1]! + plain[2]!;
  plain.forEach((value, k) => assertAlmostEquals(pooled[k]!, value / sum, 1e-6));
});

Deno.test("fitPool() and poolProbabilities() yield after every row", () => {
  const { first, second, labels } = drawn(100, 1, 1);
  const fitting = fitPool(first, second, labels);
  let [yields, step] = [0, fitting.next()];
  for (; !step.done; step = fitting.next()) yields++;
  // The logarithms of both, the calibrated ones, two losses, the first slopes of either fit, and two spreads.
  assert(yields >= 9 * labels.length, `${yields}`);
  const pooled = [...poolProbabilities(Float32Array.from(first), second, 2, step.value)];
  assertEquals(pooled.length, labels.length);
});

Deno.test("fitPool() allocates FIT_BYTES a row and class", async () => {
  const [rows, classes] = [40, 50];
  const probabilities = new Float32Array(rows * classes).fill(1 / classes);
  const Original = Float64Array;
  let bytes = 0;
  // Arrays of one row are used again for the others.
  globalThis.Float64Array = new Proxy(Original, {
    construct(target, args) {
      const made = Reflect.construct(target, args);
      if (made.length > classes) bytes += made.byteLength;
      return made;
    },
  });
  try {
    await fit(probabilities, probabilities, Array.from({ length: rows }, (_, row) => row));
  } finally {
    globalThis.Float64Array = Original;
  }
  assertEquals(bytes, FIT_BYTES * rows * classes);
});
