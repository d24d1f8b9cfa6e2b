/** A log that somebody purges or deletes, and registers that somebody deletes, while machines train. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { soon, until } from "../../serve/http/reading.ts";
import { natsTest } from "./nats_server.ts";
import { LEASE_MS, ToyCluster } from "../toy/toy_cluster.ts";
import { TOY_CLAIM, toyResult, ToyShards } from "../toy/toy_shards.ts";

const TOY = { shards: 6, rounds: 60 };

const losses = {
  "a log that is purged": (cluster: ToyCluster) => cluster.broker.purge(),
  "a log that is purged of what machines send": (cluster: ToyCluster) => cluster.broker.purge("up"),
  "a log that is purged of what the leader says": (cluster: ToyCluster) => cluster.broker.purge("down"),
  "registers that are deleted": (cluster: ToyCluster) => cluster.broker.loseRegisters(),
};
for (const [what, lose] of Object.entries(losses)) {
  Deno.test(`${what}: training goes on, same digest, 10 of 10`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const cluster = new ToyCluster(TOY, { seed, faults: { delayMs: [1, 9] } });
      const machines = ["a", "b", "c"].map((name) => cluster.start(name));
      await cluster.until(() => machines.every(({ local }) => local.round > 2 + seed));
      await cluster.clock.run(cluster.clock.sleep(seed * 7), Infinity);
      lose(cluster);
      // A few leases, and no round whose shards have to be dealt again.
      const lostAt = cluster.clock.now();
      const [before] = machines.map(({ local }) => local.round);
      await cluster.until(() => machines.every(({ local }) => local.round > before! + 15));
      assert(cluster.clock.now() - lostAt < 5 * LEASE_MS, `seed ${seed}: ${cluster.clock.now() - lostAt} ms`);
      assertEquals(await cluster.finish(), new Array(3).fill(toyResult(TOY)));
    }
  });
}

for (const what of ["purged", "deleted", "its bucket deleted", "both deleted"]) {
  natsTest(`a NATS stream that is ${what}: it is told, training goes on, same digest`, async (server) => {
    const times = { leaseMs: 1000, roundMs: 3000, compareEvery: { rounds: 10 } };
    const told: string[] = [];
    const machines = await Promise.all(["a", "b"].map(async (member) => {
      const transport = await connectNats({ url: server.url, run: "toy", credentials: "", tlsCa: "" });
      const local = new ToyShards(TOY, wallClock, 5);
      const setting = { run: "toy", claim: TOY_CLAIM, member, life: "1", workers: 1, minNodes: 1, ...times };
      const machine = new Machine({
        ...setting,
        transport,
        local,
        report: (news) => news.type === "incident" && told.push(news.message),
      });
      return { local, ended: machine.run(new AbortController().signal).finally(() => transport.close()) };
    }));
    await until(() => machines.every(({ local }) => local.round >= 5), "round 5");
    const connection = await connect({ servers: server.url });
    const { streams } = await jetstreamManager(connection);
    if (what === "purged") await streams.purge("lockstep-toy");
    if (/^(deleted|both)/.test(what)) await streams.delete("lockstep-toy");
    if (/bucket|both/.test(what)) await streams.delete("KV_lockstep-toy");
    await connection.close();
    const all = Promise.all(machines.map(({ ended }) => ended));
    await soon(all, "the end of training").catch((error: Error) => {
      throw new Error(`${error.message}:\n${told.join("\n")}`);
    });
    assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(TOY)));
    assertMatch(told.join("\n"), /The broker's (log|registers)|Messages of the broker's log are gone/);
  });
}
