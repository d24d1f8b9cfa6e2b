/** A stranger, which is not a machine of the run, sends messages. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { Signer } from "../../../lib/cluster/protocol/signer.ts";
import { Hostile } from "./hostile.ts";
import { startMachine } from "../nats/nats_machine.ts";
import { natsTest } from "../nats/nats_server.ts";
import { ToyCluster } from "./toy_cluster.ts";
import { toyResult } from "./toy_shards.ts";

const TOY = { shards: 6, rounds: 60 };

Deno.test("10,000 messages of a stranger: all machines end with the right digest", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    // Only one seed has delays, as they make the clock slow.
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
    assert(
      machines.every(({ local }) => local.round > 10 && !local.finished),
      "training ended before the last message",
    );
    const digests = await cluster.finish();
    assertEquals(digests, new Array(3).fill(toyResult(TOY)));
    // One report per kind, not thousands.
    const reports = machines[0]!.incidents.filter(({ member, message }) =>
      member === undefined && /^Dropped /.test(message)
    );
    assert(reports.length > 3 && reports.length < 10, `${reports.length} reports`);
  }
});

natsTest("200 messages of a stranger on a NATS server: all machines end with the right digest", async (server) => {
  const machines = await Promise.all(["a", "b"].map((member) => startMachine(server.url, member, TOY, 1000)));
  const transport = await connectNats({ url: server.url, run: "toy", credentials: "", tlsCa: "" });
  const hostile = new Hostile(transport, 7);
  const stop = new AbortController();
  const listening = (async () => {
    for await (const message of transport.read("up", 1, stop.signal)) hostile.seen.push(message);
  })();
  for (let i = 0; i < 200; i++) await hostile.strike();
  assert(machines.every(({ local }) => !local.finished), "training ended before the last message");
  // They trained slowly until all messages were sent.
  for (const { local } of machines) local.stepMs = 5;
  await Promise.all(machines.map(({ ended }) => ended));
  stop.abort();
  await listening;
  await transport.close();
  assertEquals(machines.map(({ local }) => local.digest), new Array(2).fill(toyResult(TOY)));
});

Deno.test("an upload that is sent again 64 times does not count again", async () => {
  const cluster = new ToyCluster(TOY);
  const machines = ["a", "b"].map((name) => cluster.start(name));
  await cluster.until(() => machines.every(({ local }) => local.round > 3));
  const old = cluster.broker.log.find(({ subject }) => subject === "up")!;
  const evil = cluster.broker.connect("evil");
  for (let i = 0; i < 64; i++) await cluster.clock.run(evil.publish("up", old.data, { id: `again.${i}` }), Infinity);
  assertEquals(await cluster.finish(), new Array(2).fill(toyResult(TOY)));
  assertMatch(cluster.incidents().join("\n"), /Dropped message \d+ of "up", which is sent again: /);
  // No machine gets 64 refusals.
  assert(cluster.incidents().filter((message) => /was refused/.test(message)).length <= 1);
});

Deno.test("garbage in the log and in registers ends no machine that joins later", async () => {
  const cluster = new ToyCluster(TOY);
  cluster.start("a").local.stepMs = 200;
  await cluster.until(() => cluster.broker.log.length > 5);
  const hostile = new Hostile(cluster.broker.connect("evil"), 3);
  for (let i = 0; i < 100; i++) await cluster.clock.run(hostile.strike(), Infinity);
  const later = cluster.start("b");
  assertEquals(await cluster.finish(), new Array(2).fill(toyResult(TOY)));
  assert(later.local.trained.some((count) => count > 0), "it got no shards");
  assertMatch(
    later.incidents.map(({ message }) => message).join("\n"),
    /Dropped .*, which is malformed: /,
  );
  const { dropped } = later.machine.view();
  assert(dropped !== undefined && dropped["malformed"]! > 5);
});

/** Writes the register of a member that does not exist, again and again. */
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
  const rest = { bytesUp: 0, bytesDown: 0, compute: 0, wait: 0, incidents: 0, recent: [], digests: [] };
  void (async () => {
    for (let beat = 0; !stop.aborted; beat++) {
      const entry = await transport.register("member.liar");
      const value = JSON.stringify({ ...shown, ...rest, beat });
      await transport.write("member.liar", value, entry?.revision ?? "new");
      await cluster.clock.sleep(100, stop);
    }
  })();
}

for (const round of [1e9, 40, 0]) {
  Deno.test(`an idle member that shows round ${round} keeps no other from leading`, async () => {
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
