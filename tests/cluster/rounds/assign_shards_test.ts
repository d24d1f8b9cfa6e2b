import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { deal } from "../../../lib/cluster/rounds/assign_shards.ts";
import { groupsOf } from "../../../lib/lockstep/round_schedule.ts";

const each = (shards: number) => groupsOf({ shards, groups: 1, clusterEvery: 1 });

Deno.test("deal() assigns ranges in proportion to workers, for every order of the members", () => {
  const [a, b, c] = ["a", "b", "c"].map((member, i) => ({ member, workers: i === 2 ? 2 : 1 }));
  const expected = [
    { member: "a", shards: [0, 1] },
    { member: "b", shards: [2, 3] },
    { member: "c", shards: [4, 5, 6, 7] },
  ];
  assertEquals(deal([7, 6, 5, 4, 3, 2, 1, 0], [c!, a!, b!], each(8)), expected);
  assertEquals(deal([3, 9], [a!], each(10)), [{ member: "a", shards: [3, 9] }]);
});

Deno.test("deal() assigns every shard once, and each member at most one more than its share", () => {
  const members = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 9 })
    .map((numbers) => numbers.map((number) => ({ member: `m${number}`, workers: 1 + number % 3 })));
  fc.assert(fc.property(fc.integer({ min: 0, max: 40 }), members, (count, members) => {
    const shards = Array.from({ length: count }, (_, i) => i * 2);
    const assignments = deal(shards, members, each(80));
    assertEquals(assignments.flatMap((assignment) => assignment.shards).sort((x, y) => x - y), shards);
    const workers = members.reduce((sum, member) => sum + member.workers, 0);
    for (const { member, shards: { length } } of assignments) {
      const own = members.find((other) => other.member === member)!.workers;
      assert(Math.abs(length - count * own / workers) <= 1);
    }
  }));
});

Deno.test("deal() assigns whole groups, even for a part of their shards", () => {
  const groups = groupsOf({ shards: 8, groups: 3, clusterEvery: 2 }); // 0-1, 2-4, 5-7
  const [a, b] = ["a", "b"].map((member) => ({ member, workers: 1 }));
  assertEquals(deal([0, 1, 2, 3, 4, 5, 6, 7], [a!, b!], groups), [
    { member: "a", shards: [0, 1, 2, 3, 4] },
    { member: "b", shards: [5, 6, 7] },
  ]);
  assertEquals(deal([3, 6], [b!, a!], groups), [
    { member: "a", shards: [2, 3, 4] },
    { member: "b", shards: [5, 6, 7] },
  ]);
});
