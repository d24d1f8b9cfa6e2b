import { assert, assertEquals, assertMatch } from "@std/assert";
import { ToyCluster } from "./toy/toy_cluster.ts";
import { toyResult } from "./toy/toy_shards.ts";

Deno.test("Machine: one, two, three and five machines give the digest without a cluster", async () => {
  const toy = { shards: 6, rounds: 12 };
  for (const count of [1, 2, 3, 5]) {
    const cluster = new ToyCluster(toy);
    for (let i = 0; i < count; i++) cluster.start(`m${i}`);
    assertEquals(await cluster.finish(), new Array(count).fill(toyResult(toy)));
  }
});

Deno.test("Machine: 1,000 rounds of loss, duplicates, damage and delay give the same digest", async () => {
  const toy = { shards: 5, rounds: 1000 };
  const faults = { loss: 0.01, duplicate: 0.02, corrupt: 0.01, spoil: 0.001, delayMs: [0, 20] } as const;
  const cluster = new ToyCluster(toy, { seed: 7, faults });
  const machines = ["a", "b", "c"].map((name) => cluster.start(name));
  const [first] = await cluster.finish(3_600_000);
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(toy)));
  assertEquals(first, toyResult(toy));
  // The faults occurred, and each machine trained.
  const incidents = cluster.incidents().join("\n");
  assertMatch(incidents, /damaged/);
  for (const { local } of machines) assert(local.trained.length > 900, "a machine was left out");
});
