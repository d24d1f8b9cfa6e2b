import { assert, assertEquals } from "@std/assert";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { ALIKE, findNearDuplicates, tokensOf } from "../../../lib/data/findings/near_duplicates.ts";
import { tableOf } from "../tables.ts";

function found(rows: readonly (readonly number[])[], labels: readonly number[]) {
  const work = findNearDuplicates(tableOf(rows, labels));
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

const ROW = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];

Deno.test("findNearDuplicates finds rows with one other token and another label", () => {
  const rows = [ROW, ROW.with(5, 99), ROW.toReversed(), ROW.slice(0, 4), [...ROW, 98], ROW.with(2, 97)];
  const { partners, shares } = found(rows, [0, 1, 1, 1, 0, 0]);
  // Rows with the same label are no pair, however similar they are; those without a similar row have none.
  assertEquals([...partners], [1, 0, -1, -1, 1, -1]);
  // 12 tokens and 11 pairs: 11 and 9 of them are the same, and 13 and 13 are in one of both.
  assertEquals(shares[0]!.toFixed(4), (20 / 26).toFixed(4));
});

Deno.test("findNearDuplicates finds nearly all pairs that a comparison of all rows finds", () => {
  const random = new Random(11, Stream.trainingData).seek(0);
  const rows: number[][] = [];
  for (let family = 0; family < 60; family++) {
    const first = Array.from({ length: 8 + random.below(12) }, () => 2 + random.below(500));
    for (let copy = 0; copy < 3; copy++) rows.push(first.map((token) => random.below(25) === 0 ? 600 : token));
  }
  const labels = rows.map((_, row) => row % 2);
  const { partners, shares } = found(rows, labels);
  const parts = rows.map((row) =>
    new Set([...row.map(String), ...row.slice(1).map((token, i) => `${row[i]} ${token}`)])
  );
  const shareOf = (a: number, b: number) => parts[a]!.intersection(parts[b]!).size / parts[a]!.union(parts[b]!).size;
  let [all, missed] = [0, 0];
  for (let row = 0; row < rows.length; row++) {
    const best = rows.reduce(
      (most, _, other) => labels[other] === labels[row] ? most : Math.max(most, shareOf(row, other)),
      0,
    );
    const own = partners[row]! < 0 ? 0 : shareOf(row, partners[row]!);
    assert(Math.abs(own - shares[row]!) < 1e-6);
    if (best < ALIKE) continue;
    all++;
    if (own < best) missed++;
  }
  assert(all > 50 && missed <= 3, `${missed} of ${all} are missed`);
});

Deno.test("tokensOf tells unknown tokens apart by their keys", () => {
  const unknown = {
    before: Uint32Array.of(0, 2, 3),
    keys: { offsets: Uint32Array.of(0, 1, 2, 3), keys: Uint32Array.of(70, 71, 71) },
  };
  const table = { ...tableOf([[5, 1, 1], [5, 1]], [0, 0]), unknown };
  const [first, second] = [tokensOf(table, 0), tokensOf(table, 1)];
  assertEquals([first.length, first[0], second[0]], [3, 5, 5]);
  assertEquals([first[1] === first[2], first[2] === second[1]], [false, true]);
});
