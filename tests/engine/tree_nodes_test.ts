import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addUp, completion, ownedNodes } from "../../lib/engine/tree_nodes.ts";
import { plainMean } from "../lockstep/plain_mean.ts";
import { coefficients, createTreeMean } from "../../lib/engine/tree_mean.ts";

/** Makes a number of shards, and for each shard the machine that has it. */
const dealt = fc.integer({ min: 1, max: 33 }).chain((shards) =>
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: shards, maxLength: shards })
);

function nodesByMachine(owners: readonly number[]) {
  return [0, 1, 2, 3, 4].map((machine) =>
    ownedNodes(new Set(owners.flatMap((owner, shard) => owner === machine ? [shard] : [])), owners.length)
  );
}

Deno.test("ownedNodes() covers the shards of a machine once, and no two nodes are halves of one", () => {
  assertEquals(ownedNodes(new Set([0, 1, 2]), 4), [{ first: 0, last: 2 }, { first: 2, last: 3 }]);
  assertEquals(ownedNodes(new Set([4, 5, 6]), 7), [{ first: 4, last: 7 }]);
  assertEquals(ownedNodes(new Set([2, 3, 4, 5]), 6), [{ first: 2, last: 4 }, { first: 4, last: 6 }]);
  assertEquals(ownedNodes(new Set(), 3), []);
  fc.assert(fc.property(dealt, (owners) => {
    for (const [machine, nodes] of nodesByMachine(owners).entries()) {
      const shards = nodes.flatMap(({ first, last }) => Array.from({ length: last - first }, (_, i) => first + i));
      assertEquals(shards, owners.flatMap((owner, shard) => owner === machine ? [shard] : []));
    }
  }));
});

Deno.test("addUp() of the nodes of any machines has the bits of the mean over all shards", () => {
  fc.assert(fc.property(dealt, fc.integer(), (owners, salt) => {
    const shards = owners.length;
    const vectors = owners.map((_, shard) =>
      Float32Array.from({ length: 5 }, (_, i) => Math.sin(salt + shard * 5 + i))
    );
    const samples = owners.map((_, shard) => 1 + shard % 7);
    const shares = coefficients(samples);
    const sums = nodesByMachine(owners).flat().map(({ first, last }) => {
      const values = new Float32Array(5);
      const mine = vectors.slice(first, last);
      createTreeMean(last - first).mean(mine, shares.subarray(first, last), values, 0, 5);
      return { first, last, values };
    });
    const { root, missing } = completion(sums, shards);
    assertEquals(missing, []);
    assertEquals(addUp(root!, ({ values }) => values), plainMean(vectors, samples));
  }));
});

Deno.test("completion() names the shards that no known sum covers, and uses each sum once", () => {
  const node = (first: number, last: number) => ({ first, last });
  const values = (sums: ReturnType<typeof node>[]) => completion(sums, 4).missing;
  assertEquals(values([]), [0, 1, 2, 3]);
  assertEquals(values([node(0, 2), node(3, 4)]), [2]);
  // If two machines overlap, the greater node counts.
  const { root } = completion([node(0, 1), node(0, 2), node(1, 2), node(2, 4)], 4);
  assertEquals(root, { left: { node: node(0, 2) }, right: { node: node(2, 4) } });
});
