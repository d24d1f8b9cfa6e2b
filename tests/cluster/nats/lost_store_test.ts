/** Another client purges or deletes the log or the registers while machines train. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { soon, until } from "../../serve/http/reading.ts";
import { startMachine } from "./nats_machine.ts";
import { natsTest } from "./nats_server.ts";
import { LEASE_MS, ToyCluster } from "../toy/toy_cluster.ts";
import { toyResult } from "../toy/toy_shards.ts";

const TOY = { shards: 6, rounds: 60 };

const losses = {
  "a purged log": (cluster: ToyCluster) => cluster.broker.purge(),
  "a log purged of the members' messages": (cluster: ToyCluster) => cluster.broker.purge("up"),
  "a log purged of the leader's messages": (cluster: ToyCluster) => cluster.broker.purge("down"),
  "deleted registers": (cluster: ToyCluster) => cluster.broker.loseRegisters(),
};
for (const [what, lose] of Object.entries(losses)) {
  Deno.test(`${what}: training continues, same digest, 10 of 10`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const cluster = new ToyCluster(TOY, { seed, faults: { delayMs: [1, 9] } });
      const machines = ["a", "b", "c"].map((name) => cluster.start(name));
      await cluster.until(() => machines.every(({ local }) => local.round > 2 + seed));
      await cluster.clock.run(cluster.clock.sleep(seed * 7), Infinity);
      lose(cluster);
      // Takes a few leases, without a round whose shards are assigned again.
      const lostAt = cluster.clock.now();
      const [before] = machines.map(({ local }) => local.round);
      await cluster.until(() => machines.every(({ local }) => local.round > before! + 15));
      assert(cluster.clock.now() - lostAt < 5 * LEASE_MS, `seed ${seed}: ${cluster.clock.now() - lostAt} ms`);
      assertEquals(await cluster.finish(), new Array(3).fill(toyResult(TOY)));
    }
  });
}

for (const what of ["purged", "deleted", "its bucket deleted", "both deleted"]) {
  natsTest(`a NATS stream is ${what}: it is reported, training continues, same digest`, async (server) => {
    const machines = await Promise.all(["a", "b"].map((member) => startMachine(server.url, member, TOY, 5)));
    const messages = () => machines.flatMap(({ incidents }) => incidents.map(({ message }) => message)).join("\n");
    await until(() => machines.every(({ local }) => local.round >= 5), "round 5");
    const connection = await connect({ servers: server.url });
    const { streams } = await jetstreamManager(connection);
    if (what === "purged") await streams.purge("lockstep-toy");
    if (/^(deleted|both)/.test(what)) await streams.delete("lockstep-toy");
    if (/bucket|both/.test(what)) await streams.delete("KV_lockstep-toy");
    await connection.close();
    const all = Promise.all(machines.map(({ ended }) => ended));
    await soon(all, "the end of training").catch((error: Error) => {
      throw new Error(`${error.message}:\n${messages()}`);
    });
    assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(TOY)));
    assertMatch(messages(), /The broker's (log|registers)|Messages of the broker's log are gone/);
  });
}
