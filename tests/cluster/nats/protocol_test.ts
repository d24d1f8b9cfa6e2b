/** The protocol over a real server: the same machines as on the broker in memory. */
import { assertEquals } from "@std/assert";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { FORGET_BYTES } from "../../../lib/cluster/rounds/sizes.ts";
import { until } from "../../serve/http/reading.ts";
import { natsTest } from "./nats_server.ts";
import { openProxy } from "./proxy.ts";
import { TOY_CLAIM, type ToyOptions, toyResult, ToyShards } from "../toy/toy_shards.ts";

async function machineOn(server: { readonly url: string }, name: string, toy: ToyOptions, stepMs: number) {
  const transport = await connectNats({ url: server.url, run: "toy", credentials: "", tlsCa: "" });
  const local = new ToyShards(toy, wallClock, stepMs);
  const times = { leaseMs: 1000, roundMs: 5000, compareEvery: { rounds: 3 } };
  const options = { run: "toy", claim: TOY_CLAIM, member: name, life: "1", workers: 1, minNodes: 1, ...times };
  const machine = new Machine({ ...options, transport, local });
  const stop = new AbortController();
  const ended = machine.run(stop.signal).finally(() => transport.close());
  return { local, ended, stop, view: () => machine.view() };
}

natsTest("three machines on NATS come to the digest of none, with objects of several chunks", async (server) => {
  const toy = { shards: 6, rounds: 5, size: 300_000 };
  const machines = await Promise.all(["a", "b", "c"].map((name) => machineOn(server, name, toy, 1)));
  await Promise.all(machines.map(({ ended }) => ended));
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(toy)));
});

natsTest("a round that is larger than what the log keeps: nothing is dropped that is needed", async (server) => {
  const toy = { shards: 2, rounds: 3, size: Math.ceil(FORGET_BYTES / 4) + 1 };
  const machines = await Promise.all(["a", "b"].map((name) => machineOn(server, name, toy, 1)));
  await Promise.all(machines.map(({ ended }) => ended));
  assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(toy)));
});

for (const keepStore of [true, false]) {
  natsTest(`a NATS server that comes back with${keepStore ? "" : "out"} its store: same digest`, async (server) => {
    const toy = { shards: 6, rounds: 60 };
    const machines = await Promise.all(["a", "b"].map((name) => machineOn(server, name, toy, 5)));
    await until(() => machines.every(({ local }) => local.round >= 5), "round 5");
    await server.kill();
    if (!keepStore) await server.loseStore();
    await server.resume();
    await Promise.all(machines.map(({ ended }) => ended));
    assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(toy)));
  });
}

natsTest(
  "machines on links of 4 Mbit/s, objects of several chunks, the leader is killed: same digest",
  async (server) => {
    const toy = { shards: 3, rounds: 2, size: 150_000 };
    const names = ["a", "b", "c"];
    const proxies = await Promise.all(names.map(() => openProxy(server.port, { bytesPerMs: 500 })));
    const machines = await Promise.all(names.map((name, i) => machineOn(proxies[i]!, name, toy, 1)));
    await until(() => machines.some(({ local }) => local.round >= 1), "round 1");
    const leader = names.indexOf(machines[0]!.view().leader);
    await proxies[leader]!.close();
    machines[leader]!.stop.abort();
    const others = machines.filter((_, i) => i !== leader);
    await Promise.all(others.map(({ ended }) => ended));
    assertEquals(others.map(({ local }) => local.digest), new Array(2).fill(toyResult(toy)));
    await machines[leader]!.ended.catch(() => {});
    await Promise.all(proxies.map((proxy) => proxy.close()));
  },
);
