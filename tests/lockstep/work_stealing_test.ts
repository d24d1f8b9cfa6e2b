import { assertEquals } from "@std/assert";
import { claimOrder, createClaims, ownedBy } from "../../lib/lockstep/work_stealing.ts";

Deno.test("ownedBy() deals every item to one worker, forwards and back", () => {
  assertEquals([0, 1].map((worker) => ownedBy(worker, 2, 8)), [[0, 3, 4, 7], [1, 2, 5, 6]]);
  assertEquals([0, 1, 2].map((worker) => ownedBy(worker, 3, 7)), [[0, 5, 6], [1, 4], [2, 3]]);
  assertEquals([0, 1].map((worker) => ownedBy(worker, 2, 1)), [[0], []]);
});

Deno.test("claimOrder() lists a worker's own items first, then those of others backwards", () => {
  assertEquals(claimOrder([10, 11, 12, 13, 14], 0, 2), [10, 13, 14, 12, 11]);
  assertEquals(claimOrder([10, 11, 12, 13, 14], 1, 2), [11, 12, 14, 13, 10]);
  assertEquals(claimOrder([10, 11], 2, 4), [11, 10]);
});

Deno.test("createClaims() gives each item to one worker, in every section", () => {
  const claims = new Int32Array(5);
  const [first, second] = [createClaims(claims).each, createClaims(claims).each];
  for (let stretch = 0; stretch < 3; stretch++) {
    const done: string[] = [];
    // While the first worker is at its first item, the second does all others.
    first([0, 3, 4, 2, 1], (item) => {
      done.push(`first ${item}`);
      if (item === 0) second([1, 2, 4, 3, 0], (other) => done.push(`second ${other}`));
    });
    assertEquals(done, ["first 0", "second 1", "second 2", "second 4", "second 3"]);
  }
});

Deno.test("createClaims() reports when all items of the section are claimed", () => {
  const claims = new Int32Array(4);
  const [first, second] = [createClaims(claims), createClaims(claims)];
  for (let stretch = 0; stretch < 2; stretch++) {
    const seen: boolean[] = [];
    first.each([0, 2], () => {
      seen.push(first.areAllTaken());
      if (seen.length === 1) second.each([2, 0], () => seen.push(second.areAllTaken()));
      seen.push(first.areAllTaken());
    });
    assertEquals(seen, [false, true, true]);
  }
});

Deno.test("createClaims() claims only the given items", () => {
  const claims = new Int32Array(3);
  const [first, second] = [createClaims(claims).each, createClaims(claims).each];
  const done: number[] = [];
  first([2], (item) => done.push(item));
  second([0, 1, 2], (item) => done.push(item));
  assertEquals(done, [2, 0, 1]);
});
