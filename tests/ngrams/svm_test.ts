import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fitSeparator, type SparseRows } from "../../lib/ngrams/svm.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";

/** Returns dense rows as sparse ones. */
function sparse(rows: readonly (readonly number[])[]): SparseRows {
  const offsets = [0];
  const columns: number[] = [];
  const values: number[] = [];
  for (const row of rows) {
    row.forEach((value, column) => {
      if (value !== 0) [columns.push(column), values.push(value)];
    });
    offsets.push(columns.length);
  }
  return {
    offsets: Uint32Array.from(offsets),
    columns: Uint32Array.from(columns),
    values: Float32Array.from(values),
    width: rows[0]!.length,
  };
}

function drawn(count: number, width: number, seed: number): { rows: number[][]; sides: boolean[] } {
  const random = new Random(seed, Stream.trainingData).seek(0);
  const rows = Array.from(
    { length: count },
    () => Array.from({ length: width }, () => random.below(3) === 0 ? Math.fround(random.normal()) : 0),
  );
  const sides = rows.map((row) => row[0]! + row[1]! - row[2]! + random.normal() > 0);
  return { rows, sides };
}

const everyRow = (count: number) => Uint32Array.from({ length: count }, (_, row) => row);
const newRandom = () => new Random(1, Stream.baseline).seek(1);

/** Returns the minimized function of the weights (the last is the bias), and its gradient. */
function objective(
  rows: readonly (readonly number[])[],
  sides: readonly boolean[],
  cost: (row: number) => number,
  weights: ArrayLike<number>,
): { value: number; gradient: number[] } {
  const gradient = Array.from(weights);
  let value = gradient.reduce((sum, weight) => sum + weight * weight / 2, 0);
  rows.forEach((row, index) => {
    const side = sides[index] ? 1 : -1;
    const all = [...row, 1];
    const hinge = Math.max(0, 1 - side * all.reduce((sum, x, k) => sum + x * weights[k]!, 0));
    value += cost(index) * hinge * hinge;
    all.forEach((x, k) => gradient[k]! -= 2 * cost(index) * hinge * side * x);
  });
  return { value, gradient };
}

Deno.test("fitSeparator() finds the minimum that gradient descent finds, within a thousandth", () => {
  const { rows, sides } = drawn(200, 6, 3);
  for (const cost of [() => 0.1, () => 1, (row: number) => row % 3]) {
    const positive = (row: number) => cost(row) + 1e-9;
    const found = fitSeparator(sparse(rows), everyRow(200), (row) => sides[row]!, positive, newRandom(), () => false)!;
    // Nesterov's momentum for a curvature of at least 1.
    const [size, momentum] = [0.0005, (1 - Math.sqrt(0.0005)) / (1 + Math.sqrt(0.0005))];
    let [best, ahead] = [new Float64Array(7), new Float64Array(7)];
    for (let step = 0; step < 1000; step++) {
      const { gradient } = objective(rows, sides, positive, ahead);
      const next = ahead.map((value, k) => value - size * gradient[k]!);
      ahead = next.map((value, k) => value + momentum * (value - best[k]!));
      best = next;
    }
    const [least, own] = [best, found].map((weights) => objective(rows, sides, positive, weights).value);
    assert(own! >= least! - 1e-9 && own! < 1.001 * least!, `${own}, least ${least}`);
  }
});

Deno.test("a quick fitSeparator() is as good within a hundredth, also from the rows of an earlier fit", () => {
  for (const seed of [3, 4, 5]) {
    const { rows, sides } = drawn(300, 6, seed);
    const fit = (listed: Uint32Array, support?: Map<number, number>) =>
      fitSeparator(sparse(rows), listed, (row) => sides[row]!, () => 1, newRandom(), () => false, support)!;
    const valueOf = (weights: Float64Array) => objective(rows, sides, () => 1, weights).value;
    const whole = valueOf(fit(everyRow(300)));
    const support = new Map<number, number>();
    assert(valueOf(fit(everyRow(300), support)) < 1.01 * whole);
    assert(support.size > 0 && support.size < 300 && [...support.values()].every((alpha) => alpha > 0));
    // Rows of an earlier fit that are not listed now do not count.
    fit(everyRow(200), support);
    assert([...support.keys()].every((row) => row < 200));
    const again = fit(everyRow(300), support);
    assert(valueOf(again) < 1.01 * whole);
    // The weights are those of the rows in `support`.
    const sums = Array.from(
      { length: 7 },
      (_, k) =>
        [...support].reduce((sum, [row, alpha]) => sum + alpha * (sides[row] ? 1 : -1) * ([...rows[row]!, 1][k]!), 0),
    );
    sums.forEach((sum, k) => assertAlmostEquals(again[k]!, sum, 1e-6));
  }
});

Deno.test("fitSeparator() counts only the listed rows", () => {
  const { rows, sides } = drawn(60, 4, 5);
  const listed = everyRow(60).filter((row) => row % 2 === 0);
  const some = fitSeparator(sparse(rows), listed, (row) => sides[row]!, () => 1, newRandom(), () => false)!;
  const half = rows.filter((_, row) => row % 2 === 0);
  const alone = fitSeparator(sparse(half), everyRow(30), (row) => sides[2 * row]!, () => 1, newRandom(), () => false)!;
  assertEquals(some, alone);
});

Deno.test("fitSeparator() puts the bias on the side of rows of one class", () => {
  const rows = [[0, 0], [0, 0], [1, 0]];
  const weights = fitSeparator(sparse(rows), everyRow(3), () => false, () => 1, newRandom(), () => false)!;
  assert(weights[2]! < -0.5);
  assertAlmostEquals(weights[1]!, 0);
});

Deno.test("fitSeparator() ends without a result when it is stopped", () => {
  const { rows, sides } = drawn(50, 4, 5);
  let passes = 0;
  assertEquals(
    fitSeparator(sparse(rows), everyRow(50), (row) => sides[row]!, () => 1, newRandom(), () => ++passes === 2),
    undefined,
  );
  assertEquals(passes, 2);
});
