import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { inTurns } from "../../lib/base/turns.ts";
import { fitPowers } from "../../lib/ngrams/powers.ts";

type FitOptions = Parameters<typeof fitPowers>[2];

const ROWS = 300;
const CLASSES = 4;
const USUAL = [{ mean: 1, rows: 0.5 }, { mean: 0.3, rows: 2 }];

/** Random scores of two parts, and labels that the first part explains better. */
function drawn() {
  const random = new Random(3, Stream.heldOutData).seek(0);
  const parts = [new Float64Array(ROWS * CLASSES), new Float64Array(ROWS * CLASSES)];
  const labels = Array.from({ length: ROWS }, () => random.below(CLASSES));
  labels.forEach((label, row) => {
    for (let k = 0; k < CLASSES; k++) {
      parts[0]![row * CLASSES + k] = random.normal() + (k === label ? 2 : 0) + 1000;
      parts[1]![row * CLASSES + k] = random.normal() + (k === label ? 0.5 : 0);
    }
  });
  return { parts, labels };
}

/** The minimized function, written plainly. */
function objective(
  { parts, labels }: ReturnType<typeof drawn>,
  powers: readonly number[],
  { usual, classWeights, doubt = 0 }: FitOptions,
): number {
  let sum = 0;
  labels.forEach((label, row) => {
    const scores = Array.from({ length: CLASSES }, (_, k) => {
      return powers.reduce((score, power, i) => score + power * parts[i]![row * CLASSES + k]!, 0);
    });
    const most = Math.max(...scores);
    const all = most + Math.log(scores.reduce((total, score) => total + Math.exp(score - most), 0));
    scores.forEach((score, k) => {
      const share = k === label ? 1 - doubt : doubt / (CLASSES - 1);
      sum += (classWeights?.[label] ?? 1) * share * (all - score);
    });
  });
  return sum + powers.reduce((penalty, power, i) => penalty + usual[i]!.rows * (power - usual[i]!.mean) ** 2, 0);
}

Deno.test("fitPowers() finds the minimum, with and without doubt and class weights", async () => {
  const data = drawn();
  for (const doubt of [0, 0.1]) {
    for (const classWeights of [undefined, Float32Array.of(1, 2, 0.5, 3)]) {
      const options = { usual: USUAL, classWeights, doubt };
      const { powers } = await inTurns(fitPowers(data.parts, data.labels, options));
      const least = objective(data, powers, options);
      for (const [da, db] of [[1e-3, 0], [-1e-3, 0], [0, 1e-3], [0, -1e-3]] as const) {
        assert(objective(data, [powers[0]! + da, powers[1]! + db], options) > least, `${powers} at ${doubt}`);
      }
    }
  }
});

Deno.test("fitPowers() returns the mean loss of the rows, weighted by class", async () => {
  const data = drawn();
  const options = { usual: USUAL, classWeights: Float32Array.of(1, 2, 0.5, 3), doubt: 0.1 };
  const { powers, loss } = await inTurns(fitPowers(data.parts, data.labels, options));
  const penalty = powers.reduce((sum, power, i) => sum + USUAL[i]!.rows * (power - USUAL[i]!.mean) ** 2, 0);
  const weight = data.labels.reduce((sum, label) => sum + options.classWeights[label]!, 0);
  assertAlmostEquals(loss, (objective(data, powers, options) - penalty) / weight, 1e-9);
});

Deno.test("fitPowers() has a finite power if no row is wrong, if it doubts them", async () => {
  const scores = Float64Array.of(0, 1, 1, 0, 0, 2);
  const usual = [{ mean: 4, rows: 0 }];
  const { powers: [power] } = await inTurns(fitPowers([scores], [1, 0, 1], { usual, doubt: 0.2 }));
  assert(power! > 0.5 && power! < 3, `${power}`);
});

Deno.test("fitPowers() keeps the usual powers where there are no rows, and no power below 0", async () => {
  assertEquals(await inTurns(fitPowers([new Float64Array(0)], [], { usual: [{ mean: 4, rows: 1 }] })), {
    powers: [4],
    loss: 0,
  });
  const wrong = await inTurns(fitPowers([Float64Array.of(1, 0, 1, 0)], [1, 1], { usual: [{ mean: 1, rows: 0.1 }] }));
  assertEquals(wrong.powers, [0]);
});
