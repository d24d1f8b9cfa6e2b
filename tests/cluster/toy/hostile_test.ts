/** Machines among messages of somebody who is none of them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { Signer } from "../../../lib/cluster/protocol/signer.ts";
import { Hostile } from "./hostile.ts";
import { natsTest } from "../nats/nats_server.ts";
import { ToyCluster } from "./toy_cluster.ts";
import { TOY_CLAIM, toyResult, ToyShards } from "./toy_shards.ts";

const TOY = { shards: 6, rounds: 60 };

Deno.test("10,000 messages of a stranger: all machines end with the right digest", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    // Delays for one seed: each is a step of the clock, of which there are fewer without.
    const cluster = new ToyCluster(TOY, { seed, faults: seed === 1 ? { delayMs: [0, 2] } : {} });
    const machines = ["a", "b", "c"].map((name) => cluster.start(name));
    for (const { local } of machines) local.stepMs = 200;
    const hostile = new Hostile(cluster.broker.connect("evil"), seed);
    const attack = (async () => {
      for (let i = 0; i < 2000; i++) {
        if (i % 50 === 0) hostile.seen.splice(0, Infinity, ...cluster.broker.log.slice(-200));
        await hostile.strike();
        if (i % 10 === 0) await cluster.clock.sleep(50);
      }
    })();
    await cluster.clock.run(attack, Infinity);
    assert(machines.every(({ local }) => local.round > 10 && !local.finished), "not sent while they trained");
    const digests = await cluster.finish();
    assertEquals(digests, new Array(3).fill(toyResult(TOY)));
    // One line of each kind, not thousands.
    const told = machines[0]!.news.filter((item) =>
      item.type === "incident" && item.member === undefined && / is left out: /.test(item.message)
    );
    assert(told.length > 3 && told.length < 10, `${told.length} lines`);
  }
});

natsTest("200 messages of a stranger on a NATS server: all machines end with the right digest", async (server) => {
  const connect = () => connectNats({ url: server.url, run: "toy", credentials: "", tlsCa: "" });
  const times = { leaseMs: 1000, roundMs: 3000, compareEvery: { rounds: 10 } };
  const machines = await Promise.all(["a", "b"].map(async (member) => {
    const transport = await connect();
    const local = new ToyShards(TOY, wallClock, 1000);
    const setting = { run: "toy", claim: TOY_CLAIM, member, life: "1", workers: 1, minNodes: 1, ...times };
    const machine = new Machine({ ...setting, transport, local });
    return { local, ended: machine.run(new AbortController().signal).finally(() => transport.close()) };
  }));
  const transport = await connect();
  const hostile = new Hostile(transport, 7);
  const stop = new AbortController();
  const listening = (async () => {
    for await (const message of transport.read("up", 1, stop.signal)) hostile.seen.push(message);
  })();
  for (let i = 0; i < 200; i++) await hostile.strike();
  assert(machines.every(({ local }) => !local.finished), "not sent while they trained");
  // They trained slowly until all was sent.
  for (const { local } of machines) local.stepMs = 5;
  await Promise.all(machines.map(({ ended }) => ended));
  stop.abort();
  await listening;
  await transport.close();
  assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(TOY)));
});

Deno.test("an upload that is sent again 64 times, as it was or as another round's, does not count again", async () => {
  const cluster = new ToyCluster(TOY);
  const machines = ["a", "b"].map((name) => cluster.start(name));
  await cluster.until(() => machines.every(({ local }) => local.round > 3));
  const old = cluster.broker.log.find(({ subject }) => subject === "up")!;
  const evil = cluster.broker.connect("evil");
  for (let i = 0; i < 64; i++) await cluster.clock.run(evil.publish("up", old.data, { id: `again.${i}` }), Infinity);
  assertEquals(await cluster.finish(), new Array(2).fill(toyResult(TOY)));
  assertMatch(cluster.incidents().join("\n"), /What is sent again is left out: message \d+ of "up"/);
  // Nobody is told 64 times that it is late.
  assert(cluster.incidents().filter((message) => /was refused/.test(message)).length <= 1);
});

Deno.test("garbage that stays in log and registers ends no machine that comes later", async () => {
  const cluster = new ToyCluster(TOY);
  cluster.start("a").local.stepMs = 200;
  await cluster.until(() => cluster.broker.log.length > 5);
  const hostile = new Hostile(cluster.broker.connect("evil"), 3);
  for (let i = 0; i < 100; i++) await cluster.clock.run(hostile.strike(), Infinity);
  const later = cluster.start("b");
  assertEquals(await cluster.finish(), new Array(2).fill(toyResult(TOY)));
  assert(later.local.asked.some((count) => count > 0), "it was dealt nothing");
  assertMatch(
    later.news.map((item) => item.type === "incident" ? item.message : "").join(),
    /What is malformed is left/,
  );
  const { dropped } = later.machine.view();
  assert(dropped !== undefined && dropped["malformed"]! > 5);
});

/** Shows a member that is none again and again, from now on. */
function lie(cluster: ToyCluster, round: number, stop: AbortSignal): void {
  const transport = cluster.broker.connect("liar");
  const shown = {
    member: "liar",
    life: "1",
    key: new Signer("liar").key,
    earlier: [],
    workers: 1,
    round,
    inStep: true,
  };
  const figures = { bytesUp: 0, bytesDown: 0, compute: 0, wait: 0, incidents: 0, recent: [], digests: [] };
  void (async () => {
    for (let beat = 0; !stop.aborted; beat++) {
      const entry = await transport.register("member.liar");
      const value = JSON.stringify({ ...shown, ...figures, beat });
      await transport.write("member.liar", value, entry?.revision ?? "new");
      await cluster.clock.sleep(100, stop);
    }
  })();
}

for (const round of [1e9, 40, 0]) {
  Deno.test(`a member that shows round ${round} and does nothing keeps no other from leading`, async () => {
    const cluster = new ToyCluster(TOY);
    const machines = ["a", "b", "c"].map((name) => cluster.start(name));
    const stop = new AbortController();
    await cluster.until(() => machines.every(({ local }) => local.round > 3));
    lie(cluster, round, stop.signal);
    cluster.kill(cluster.leader);
    assertEquals(await cluster.finish(), new Array(2).fill(toyResult(TOY)));
    stop.abort();
    assert(cluster.incidents().some((message) => /Leads from round [4-9] on/.test(message)));
  });
}
