/** The protocol on a real server, with the same machines as on the broker in memory. */
import { assertEquals } from "@std/assert";
import { TRIM_BYTES } from "../../../lib/cluster/rounds/sizes.ts";
import { until } from "../../serve/http/reading.ts";
import { natsTest } from "./nats_server.ts";
import { startMachine } from "./nats_machine.ts";
import { openProxy } from "./proxy.ts";
import { type ToyOptions, toyResult } from "../toy/toy_shards.ts";

function start(server: { readonly url: string }, name: string, toy: ToyOptions, stepMs: number) {
  return startMachine(server.url, name, toy, stepMs, { roundMs: 5000, compareEvery: { rounds: 3 } });
}

natsTest("three machines on NATS with objects of several chunks give the digest without a cluster", async (server) => {
  const toy = { shards: 6, rounds: 5, size: 300_000 };
  const machines = await Promise.all(["a", "b", "c"].map((name) => start(server, name, toy, 1)));
  await Promise.all(machines.map(({ ended }) => ended));
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(toy)));
});

natsTest("a round larger than the limit of the log: no needed message is trimmed", async (server) => {
  const toy = { shards: 2, rounds: 3, size: Math.ceil(TRIM_BYTES / 4) + 1 };
  const machines = await Promise.all(["a", "b"].map((name) => start(server, name, toy, 1)));
  await Promise.all(machines.map(({ ended }) => ended));
  assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(toy)));
});

for (const keepStore of [true, false]) {
  natsTest(`a NATS server returns with${keepStore ? "" : "out"} its store: same digest`, async (server) => {
    const toy = { shards: 6, rounds: 60 };
    const machines = await Promise.all(["a", "b"].map((name) => start(server, name, toy, 5)));
    await until(() => machines.every(({ local }) => local.round >= 5), "round 5");
    await server.kill();
    if (!keepStore) await server.loseStore();
    await server.resume();
    await Promise.all(machines.map(({ ended }) => ended));
    assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(toy)));
  });
}

natsTest(
  "the leader is killed on links of 4 Mbit/s, objects of several chunks: same digest",
  async (server) => {
    const toy = { shards: 3, rounds: 2, size: 150_000 };
    const names = ["a", "b", "c"];
    const proxies = await Promise.all(names.map(() => openProxy(server.port, { bytesPerMs: 500 })));
    const machines = await Promise.all(names.map((name, i) => start(proxies[i]!, name, toy, 1)));
    await until(() => machines.some(({ local }) => local.round >= 1), "round 1");
    const leader = names.indexOf(machines[0]!.machine.view().leader);
    await proxies[leader]!.close();
    machines[leader]!.leave();
    const others = machines.filter((_, i) => i !== leader);
    await Promise.all(others.map(({ ended }) => ended));
    assertEquals(others.map(({ local }) => local.digest), new Array(2).fill(toyResult(toy)));
    await machines[leader]!.ended.catch(() => {});
    await Promise.all(proxies.map((proxy) => proxy.close()));
  },
);
