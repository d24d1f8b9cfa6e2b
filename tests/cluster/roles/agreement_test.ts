/** Machines with different states all end, and name their digests. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Disagreement } from "../../../lib/cluster/roles/agreement.ts";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { MemoryBroker } from "../toy/memory_transport.ts";
import { tinyConfig } from "../../lockstep/tiny.ts";
import { trainOnMachine } from "../toy/machines.ts";
import { ToyCluster } from "../toy/toy_cluster.ts";
import { toyResult } from "../toy/toy_shards.ts";

/** Resolves to the digest or the error of each machine. */
async function ends(cluster: ToyCluster): Promise<string[]> {
  const all = [...cluster.machines.values()].map(({ ended, local }) =>
    ended.then(() => local.digest, (error: Error) => `${error.name}: ${error.message}`)
  );
  return await cluster.clock.run(Promise.all(all), cluster.clock.now() + 600_000);
}

const TOY = { shards: 6, rounds: 40 };

Deno.test("machines with different states all end at the next compared round and name the digests", async () => {
  for (const compareEvery of [{ rounds: 5 }, { ms: 300 }]) {
    const cluster = new ToyCluster(TOY, { compareEvery, faults: { delayMs: [1, 9] } });
    const [a, , c] = ["a", "b", "c"].map((name) => cluster.start(name));
    c!.local.wrongFrom = 4;
    const results = await ends(cluster);
    for (const line of results) {
      assertMatch(
        line,
        /^Disagreement: Machines have different states after round \d+: a and b have [0-9a-f]{12}, c has [0-9a-f]{12}\./,
      );
    }
    assertEquals(a!.local.finished, false);
  }
});

Deno.test("machines whose final states differ end with a Disagreement", async () => {
  const cluster = new ToyCluster(TOY, { compareEvery: { rounds: 1000 } });
  for (const name of ["a", "b", "c"]) cluster.start(name);
  cluster.machines.get("b")!.local.wrongFrom = TOY.rounds;
  for (const line of await ends(cluster)) {
    assertMatch(line, /^Disagreement: .* after round 40: a and c have [0-9a-f]{12}, b has /);
  }
});

Deno.test("the end waits for a slower machine, but not for one that is gone", async () => {
  const cluster = new ToyCluster(TOY, { faults: { delayMs: [1, 30] } });
  for (const name of ["a", "b", "c"]) cluster.start(name);
  await cluster.until(() => cluster.machines.get("c")!.local.round > 20);
  cluster.kill("c");
  assertEquals(await ends(cluster), [toyResult(TOY), toyResult(TOY)]);
});

// Terminated threads leave their waits open.
Deno.test({
  name: "machines that train with different learning rates end with a Disagreement",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const broker = new MemoryBroker(wallClock);
    const machines = [0.05, 0.06].map((learningRate, i) => {
      const recipe = { ...tinyConfig({ average: "gradients" }), learningRate };
      const name = ["a", "b"][i]!;
      return trainOnMachine({ recipe, name, nodes: 2, transport: broker.connect(name) });
    });
    for (const machine of await Promise.allSettled(machines)) {
      await assertRejects(
        () => machine.status === "rejected" ? Promise.reject(machine.reason) : Promise.resolve(),
        Disagreement,
        "Machines have different states after round",
      );
    }
  },
});
