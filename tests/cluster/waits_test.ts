/** Each wait of a machine ends, for every behavior of the broker. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { claimRun } from "../../lib/cluster/roles/check_same_run.ts";
import { Dropped } from "../../lib/cluster/protocol/dropped.ts";
import { MemoryBroker } from "./toy/memory_transport.ts";
import { readUntilStalled } from "../../lib/cluster/roles/log_queue.ts";
import { retry } from "../../lib/cluster/protocol/retry.ts";
import { type Transport, Unreachable } from "../../lib/cluster/protocol/transport.ts";
import { TrainingError } from "../../lib/base/errors.ts";
import { FakeClock } from "./toy/fake_clock.ts";
import { LEASE_MS, ToyCluster } from "./toy/toy_cluster.ts";
import { TOY_CLAIM, toyResult, ToyShards } from "./toy/toy_shards.ts";

const TOY = { shards: 6, rounds: 20 };

Deno.test("retry() gives up on a broker that refuses for a minute, and waits for one that is away", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const refused = retry(clock, signal, () => Promise.reject(new Unreachable("It refuses", true)));
  await assertRejects(() => clock.run(refused, 120_000), TrainingError, "It refuses, for 60 s");
  const startedAt = clock.now();
  const missed: number[] = [];
  const away = () => clock.now() - startedAt < 3_600_000 ? Promise.reject(new Unreachable("away")) : Promise.resolve(7);
  assertEquals(await clock.run(retry(clock, signal, away, (_, sinceMs) => missed.push(sinceMs)), Infinity), 7);
  assert(missed.at(-1)! > 3_590_000);
});

Deno.test("claimRun() ends if it can neither create nor read a register", async () => {
  const transport: Transport = {
    ...new MemoryBroker(new FakeClock()).connect("a"),
    write: () => Promise.resolve(undefined),
    register: () => Promise.resolve(undefined),
  };
  await assertRejects(() => claimRun(transport, "run", TOY_CLAIM), TrainingError, "Its store is damaged");
});

Deno.test("readUntilStalled() ends if no message comes although the log has more", async () => {
  const clock = new FakeClock();
  const broker = new MemoryBroker(clock);
  const own = broker.connect("a");
  let readings = 0;
  const transport: Transport = {
    ...own,
    // The first reading delivers only one message, as a consumer of a stream that was created again.
    async *read(subject, from, signal) {
      readings++;
      for await (const message of own.read(subject, from, signal)) {
        yield message;
        if (readings === 1) await clock.sleep(Infinity, signal);
      }
    },
  };
  const stop = new AbortController();
  const context = { transport, clock, signal: stop.signal, dropped: new Dropped(() => {}) };
  await clock.run(own.publish("up", new Uint8Array(1), { id: "1" }), Infinity);
  await clock.run(own.publish("up", new Uint8Array(1), { id: "2" }), Infinity);
  const sequences: number[] = [];
  const reading = (async () => {
    for (let next = 1; sequences.length < 2; next = sequences.at(-1)! + 1) {
      for await (const { sequence } of readUntilStalled(context, "up", next)) {
        if (sequences.push(sequence) === 2) return;
      }
    }
  })();
  await clock.run(reading, 600_000);
  assertEquals([sequences, readings], [[1, 2], 2]);
});

Deno.test("a log purged at the end of training ends the leader, which publishes the state, 10 of 10", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const cluster = new ToyCluster(TOY, { seed, faults: { delayMs: [1, 9] } });
    const machines = ["a", "b", "c"].map((name) => cluster.start(name));
    await cluster.until(() => machines.some(({ local }) => local.finished));
    cluster.broker.purge();
    assertEquals(await cluster.finish(60_000), new Array(3).fill(toyResult(TOY)));
  }
});

Deno.test("a log that stores nothing ends the leader that waits for its own message", async () => {
  const cluster = new ToyCluster(TOY);
  // It accepts messages and delivers none, as a stream whose files were removed.
  const { connect } = cluster.broker;
  cluster.broker.connect = (name) => ({
    ...connect.call(cluster.broker, name),
    newest: () => Promise.resolve(0),
    async *read(_subject, _from, signal) {
      await cluster.clock.sleep(Infinity, signal);
      yield* [];
    },
  });
  const machine = cluster.start("a");
  await assertRejects(() => cluster.clock.run(machine.ended, 120_000), TrainingError, "without a round in between");
});

Deno.test("registers that are removed again and again end training with a reason", async () => {
  const cluster = new ToyCluster(TOY);
  const machine = cluster.start("a", Object.assign(new ToyShards(TOY, cluster.clock), { stepMs: 10_000 }));
  await cluster.until(() => cluster.leader === "a");
  const removing = (async () => {
    for (;;) {
      cluster.broker.loseRegisters();
      await cluster.clock.sleep(LEASE_MS / 2);
    }
  })();
  removing.catch(() => {});
  await assertRejects(() => cluster.clock.run(machine.ended, 120_000), TrainingError, "without a round in between");
});

Deno.test("a base that always comes back damaged ends the leader", async () => {
  const cluster = new ToyCluster(TOY);
  const local = new ToyShards(TOY, cluster.clock);
  local.complete = () => new Uint8Array(3);
  const machine = cluster.start("a", local);
  await assertRejects(() => cluster.clock.run(machine.ended, 600_000), Error, "came back damaged 10 times");
});

Deno.test("an absence of the broker is reported once, and its return once", async () => {
  const cluster = new ToyCluster(TOY, { faults: { delayMs: [1, 9] } });
  const machines = ["a", "b"].map((name) => cluster.start(name));
  await cluster.until(() => machines.every(({ local }) => local.round > 3));
  cluster.broker.stop();
  await cluster.clock.run(cluster.clock.sleep(20 * LEASE_MS), Infinity);
  cluster.broker.restart(true);
  assertEquals(await cluster.finish(), new Array(2).fill(toyResult(TOY)));
  for (const { incidents } of machines) {
    const own = incidents.flatMap(({ member, message }) => member === undefined ? [message] : []);
    assertEquals(own.filter((message) => /did not answer within .* Waiting for it/.test(message)).length, 1);
    assertEquals(own.filter((message) => message === "The server answers again").length, 1);
  }
});
