import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { choose, contenders, nextTrials, type Standing, standings } from "../../../lib/run/tuning/halving.ts";
import type { Trial, TrialResult } from "../../../lib/run/tuning/halving.ts";
import { drawsOf, withDraws } from "../../draws.ts";

/** Runs a whole search by `scoreOf`, and returns its results in order. */
function searched(width: number, scoreOf: (trial: Trial) => number | null): TrialResult[] {
  const results: TrialResult[] = [];
  for (;;) {
    const [next] = nextTrials(results, width);
    if (!next) return results;
    results.push({ ...next, score: scoreOf(next) });
  }
}

/** The configs of each split, written out slowly: the better half of the last one, of two at least, always beside config 0. */
function plainHalving(width: number, scoreOf: (trial: Trial) => number): number[][] {
  const splits: number[][] = [];
  let left = Array.from({ length: width }, (_, candidate) => candidate);
  for (let split = 0; split < 10; split++) {
    splits.push(left);
    const total = (candidate: number) =>
      Array.from({ length: split + 1 }, (_, at) => scoreOf({ candidate, split: at })).reduce((sum, one) => sum + one);
    const order = left.slice(1).sort((a, b) => total(b) - total(a));
    left = [0, ...order.slice(0, Math.max(2, Math.ceil(order.length / 2))).sort((a, b) => a - b)];
  }
  return splits;
}

Deno.test("nextTrials() gives each split the better half of the one before, as a plain search does", () =>
  withDraws(async (draw) => {
    const width = 3 + draw(20);
    const table = Array.from({ length: width }, () => Array.from({ length: 10 }, () => draw(2 ** 30)));
    const scoreOf = ({ candidate, split }: Trial) => table[candidate]![split]!;
    const found = searched(width, scoreOf);
    const expected = plainHalving(width, scoreOf)
      .flatMap((candidates, split) => candidates.map((candidate) => ({ candidate, split })));
    await Promise.resolve(assertEquals(found.map(({ candidate, split }) => ({ candidate, split })), expected));
  }));

Deno.test("nextTrials() does not depend on the order in which trials end", () => {
  const results = [[0, 0, 3], [1, 0, 1], [2, 0, 5], [3, 0, 4], [4, 0, 2]].map(([candidate, split, score]) => ({
    candidate: candidate!,
    split: split!,
    score: score!,
  }));
  const expected = [{ candidate: 0, split: 1 }, { candidate: 2, split: 1 }, { candidate: 3, split: 1 }];
  assertEquals(nextTrials(results, 5), expected);
  assertEquals(nextTrials(results.toReversed(), 5), expected);
  assertEquals(nextTrials(results.slice(1), 5), [{ candidate: 0, split: 0 }]);
});

Deno.test("nextTrials() drops configs that failed, and ends if no challenger is left", () => {
  const found = searched(4, ({ candidate, split }) => candidate === 2 || candidate === 3 && split === 1 ? null : 1);
  assertEquals(contenders(found, 4, 1), [0, 1, 3]);
  assertEquals(contenders(found, 4, 2), [0, 1]);
  assertEquals(searched(3, ({ candidate }) => candidate === 0 ? 1 : null).length, 3);
  assertEquals(searched(1, () => 1), [{ candidate: 0, split: 0, score: 1 }]);
});

Deno.test("standings() has the mean gain over config 0 and its corrected standard error", () => {
  const scores = [[0.80, 0.82, 0.84, 0.81], [0.82, 0.83, 0.87, 0.83]];
  const results = scores.flatMap((row, candidate) => row.map((score, split) => ({ candidate, split, score })));
  const [first, second] = standings(results, 0.1);
  // Gains .02, .01, .03, .02: mean .02, variance (.0001 + .0001) / 3, times 1/4 + 1/9.
  assertEquals([first!.candidate, first!.splits, second!.candidate, second!.gain], [1, 4, 0, 0]);
  assertAlmostEquals(first!.score, 0.8375, 1e-12);
  assertAlmostEquals(first!.gain, 0.02, 1e-12);
  assertAlmostEquals(first!.error!, Math.sqrt(0.0002 / 3 * (1 / 4 + 1 / 9)), 1e-12);
  // Always the same validation rows: as one split.
  assertAlmostEquals(standings(results, undefined)[0]!.error!, Math.sqrt(0.0002 / 3 * (1 / 4 + 1)), 1e-12);
  assertEquals(standings(results.slice(0, 5), 0.1)[1], {
    candidate: 1,
    splits: 1,
    score: 0.82,
    gain: 0.82 - 0.8,
    error: null,
  });
});

Deno.test("choose() leaves config 0 only for a gain over its error on three splits or more", () => {
  const config = (candidate: number, splits: number, gain: number, error: number | null): Standing => ({
    candidate,
    splits,
    score: 0,
    gain,
    error,
  });
  const own = config(0, 9, 0, 0);
  assertEquals(choose([]), 0);
  assertEquals(choose([own]), 0);
  assertEquals(choose([own, config(1, 2, 0.9, 0.01)]), 0);
  assertEquals(choose([own, config(1, 3, 0.02, 0.03)]), 0);
  assertEquals(choose([own, config(1, 3, 0.03, 0.02)]), 1);
  assertEquals(choose([own, config(1, 3, -0.03, 0.02)]), 0);
  // A lucky config that went out early is no candidate; the last split may be incomplete.
  assertEquals(choose([own, config(1, 9, 0.01, 0.005), config(2, 4, 0.5, 0.01)]), 1);
  assertEquals(choose([own, config(1, 9, 0.01, 0.005), config(2, 8, 0.02, 0.01)]), 2);
});

/** Draws from a distribution that is almost normal: the sum of twelve uniform numbers, of variance 1. */
function createNormal(seed: number): () => number {
  const draw = drawsOf(seed);
  return () => Array.from({ length: 12 }, () => draw(2 ** 30) / 2 ** 30).reduce((sum, one) => sum + one, -6);
}

Deno.test("choose() mostly keeps config 0 if no config is better, and finds one that is", () => {
  const normal = createNormal(7);
  /** Searches among 12 configs of which only number 7 differs, on splits that are harder or easier for all. */
  const chosen = (gain: number) => {
    const splits = Array.from({ length: 10 }, normal);
    const scoreOf = ({ candidate, split }: Trial) => splits[split]! + normal() + (candidate === 7 ? gain : 0);
    return choose(standings(searched(12, scoreOf), 0.1));
  };
  const share = (gain: number, wanted: (candidate: number) => boolean) =>
    Array.from({ length: 200 }, () => chosen(gain)).filter(wanted).length / 200;
  const [wrong, right] = [share(0, (candidate) => candidate !== 0), share(3, (candidate) => candidate === 7)];
  assert(wrong < 0.5, `${wrong} of the searches left config 0 for nothing`);
  assert(right > 0.9, `${right} of the searches found the better config`);
});
