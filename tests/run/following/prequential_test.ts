import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../../../lib/base/numbers/random.ts";
import { accuracyOf, measured, NOTHING_MEASURED } from "../../../lib/run/following/prequential.ts";

/** Returns whether each of `rows` is predicted rightly: with a probability of `before`, and of `after` from `flip` on. */
function answers(rows: number, before: number, { flip = Infinity, after = 0, seed = 1 } = {}): boolean[] {
  const random = new Random(seed, 1);
  return Array.from({ length: rows }, (_, row) => random.seek(row).uniform() < (row >= flip ? after : before));
}

/** Returns the rows, from 0, at which a drift is found. */
function drifts(right: readonly boolean[]): number[] {
  let measures = NOTHING_MEASURED;
  return right.flatMap((isRight, row) => {
    const { after, isDrift } = measured(measures, isRight);
    measures = after;
    return isDrift ? [row] : [];
  });
}

/** The same by the definition: for each row all sums are computed anew. */
function plainDrifts(right: readonly boolean[]): number[] {
  const found: number[] = [];
  for (let row = 0, first = 0; row < right.length; row++) {
    const errors = right.slice(first, row + 1).map((isRight) => isRight ? 0 : 1);
    const mean = (count: number) => errors.slice(0, count).reduce<number>((sum, error) => sum + error, 0) / count;
    const sums: number[] = [0];
    errors.forEach((error, at) => sums.push(sums[at]! + error - mean(at + 1) - 0.02));
    if (errors.length < 30 || sums.at(-1)! - Math.min(...sums) <= 50) continue;
    found.push(row);
    first = row + 1;
  }
  return found;
}

Deno.test("measured() fades the accuracy as the sum over all rows does", () => {
  const right = answers(700, 0.8);
  let measures = NOTHING_MEASURED;
  assertEquals(accuracyOf(measures), undefined);
  for (const isRight of right) measures = measured(measures, isRight).after;
  const weights = right.map((_, row) => 0.998 ** (right.length - 1 - row));
  const sum = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const wanted = sum(weights.filter((_, row) => right[row])) / sum(weights);
  assertAlmostEquals(accuracyOf(measures)!, wanted, 1e-12);
  assertEquals(measures.rows, 700);
});

Deno.test("measured() finds the drifts that the definition of the test finds", () => {
  const right = [...answers(500, 0.9), ...answers(400, 0.2, { seed: 2 }), ...answers(400, 0.9, { seed: 3 })];
  const found = drifts(right);
  assert(found.length > 0);
  assertEquals(found, plainDrifts(right));
});

Deno.test("measured() finds a rule that flips within 250 rows, and nothing on a steady stream", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    for (const accuracy of [0.95, 0.8, 0.6]) {
      assertEquals(drifts(answers(50_000, accuracy, { seed })), [], `accuracy ${accuracy}, seed ${seed}`);
      const [first] = drifts(answers(10_000, accuracy, { flip: 5000, after: accuracy - 0.3, seed }));
      assert(first !== undefined && first >= 5000 && first < 5250, `accuracy ${accuracy}, seed ${seed}: ${first}`);
    }
    // A model that learns makes fewer errors, which is no drift.
    assertEquals(drifts(answers(10_000, 0.5, { flip: 2000, after: 0.95, seed })), []);
  }
});
