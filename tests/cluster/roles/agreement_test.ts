/** Machines that come to different states: all of them end, and say which of them has which. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Disagreement } from "../../../lib/cluster/roles/agreement.ts";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { MemoryBroker } from "../toy/memory_transport.ts";
import { tinyConfig } from "../../lockstep/tiny.ts";
import { trainOnMachine } from "../toy/machines.ts";
import { ToyCluster } from "../toy/toy_cluster.ts";
import { toyResult } from "../toy/toy_shards.ts";

/** What each machine ends with, by name: its digest, or what it says. */
async function ends(cluster: ToyCluster): Promise<string[]> {
  const all = [...cluster.machines.values()].map(({ ended, local }) =>
    ended.then(() => local.digest, (error: Error) => `${error.name}: ${error.message}`)
  );
  return await cluster.clock.run(Promise.all(all), cluster.clock.now() + 600_000);
}

const TOY = { shards: 6, rounds: 40 };

Deno.test("machines with different states end at the next compared round, all of them, with who has which", async () => {
  for (const compareEvery of [{ rounds: 5 }, { ms: 300 }]) {
    const cluster = new ToyCluster(TOY, { compareEvery, faults: { delayMs: [1, 9] } });
    const [a, , c] = ["a", "b", "c"].map((name) => cluster.start(name));
    c!.local.wrongFrom = 4;
    const told = await ends(cluster);
    for (const line of told) {
      assertMatch(
        line,
        /^Disagreement: Machines came to different states after round \d+: a and b to [0-9a-f]{12}, c to [0-9a-f]{12}\./,
      );
    }
    assertEquals(a!.local.finished, false);
  }
});

Deno.test("machines whose last states differ do not end as if all were well", async () => {
  const cluster = new ToyCluster(TOY, { compareEvery: { rounds: 1000 } });
  for (const name of ["a", "b", "c"]) cluster.start(name);
  cluster.machines.get("b")!.local.wrongFrom = TOY.rounds;
  for (const line of await ends(cluster)) {
    assertMatch(line, /^Disagreement: .* after round 40: a and c to [0-9a-f]{12}, b to /);
  }
});

Deno.test("the end waits for a machine that is slower, and not for one that is gone", async () => {
  const cluster = new ToyCluster(TOY, { faults: { delayMs: [1, 30] } });
  for (const name of ["a", "b", "c"]) cluster.start(name);
  await cluster.until(() => cluster.machines.get("c")!.local.round > 20);
  cluster.kill("c");
  assertEquals(await ends(cluster), [toyResult(TOY), toyResult(TOY)]);
});

// Threads that are ended in the middle leave their waits behind.
Deno.test({
  name: "machines that really train otherwise end with a Disagreement",
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
        "Machines came to different states after round",
      );
    }
  },
});
