/** Registers that strangers write by the thousand, and over the claim of the run. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "@nats-io/transport-node";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { MOST_REGISTERS } from "../../../lib/cluster/protocol/register.ts";
import { Signer } from "../../../lib/cluster/protocol/signer.ts";
import { soon, until } from "../../serve/http/reading.ts";
import { natsTest } from "./nats_server.ts";
import { ToyCluster } from "../toy/toy_cluster.ts";
import { TOY_CLAIM, toyResult, ToyShards } from "../toy/toy_shards.ts";

const TOY = { shards: 6, rounds: 60 };

/** A register that says that somebody is there, in step, after `round` rounds. */
function shown(member: string, round: number): string {
  const figures = { bytesUp: 0, bytesDown: 0, compute: 0, wait: 0, incidents: 0, recent: [], digests: [] };
  const { key } = new Signer(member);
  return JSON.stringify({ member, life: "1", key, earlier: [], beat: 1, workers: 1, round, inStep: true, ...figures });
}

/** Writes `count` registers of the run "toy": no keys at all, garbage, and members that are none. */
async function flood(url: string, count: number): Promise<void> {
  const connection = await connect({ servers: url });
  const member = shown("NAME", 0);
  for (let i = 0; i < count; i++) {
    const key = i % 100 === 0 ? `member.no!key${i}` : `member.a${i}`;
    const value = i % 3 === 0
      ? "garbage"
      : member.replace("NAME", `a${i}`).replace('"round":0', `"round":${i % 2 * 1e9}`);
    connection.publish(`$KV.lockstep-toy.${key}`, value);
    if (i % 500 === 0) await connection.flush();
  }
  await connection.flush();
  await connection.close();
}

async function machineOn(url: string, member: string) {
  const transport = await connectNats({ url, run: "toy", credentials: "", tlsCa: "" });
  const local = new ToyShards(TOY, wallClock, 20);
  const told: string[] = [];
  const times = { leaseMs: 1000, roundMs: 3000, compareEvery: { rounds: 10 } };
  const machine = new Machine({
    ...{ run: "toy", claim: TOY_CLAIM, member, life: "1", workers: 1, minNodes: 1, ...times },
    transport,
    local,
    report: (news) => news.type === "incident" && !news.member && told.push(news.message),
  });
  return { local, told, ended: machine.run(new AbortController().signal).finally(() => transport.close()) };
}

natsTest("5,000 registers of strangers hold nobody up, nor who comes later: told once, same digest", async (server) => {
  const machines = await Promise.all(["m", "n"].map((name) => machineOn(server.url, name)));
  await until(() => machines.every(({ local }) => local.round >= 2), "round 2");
  await flood(server.url, 5000);
  const before = machines[0]!.local.round;
  machines.push(await machineOn(server.url, "o"));
  await soon(Promise.all(machines.map(({ ended }) => ended)), "the end of training");
  assert(before < TOY.rounds, "not sent while they trained");
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(TOY)));
  assert(machines[2]!.local.asked.some((count) => count > 0), "who came later was dealt nothing");
  for (const { told } of machines) {
    assertEquals(told.filter((message) => /There are \d+ registers more than a look reads/.test(message)).length, 1);
    assertEquals(
      told.filter((message) => /What is malformed is left out: register "member\.a/.test(message)).length,
      1,
    );
  }
});

natsTest(
  "a bucket that strangers have filled stops no machine, and tells one that comes why it cannot",
  async (server) => {
    const machine = await machineOn(server.url, "m");
    await until(() => machine.local.round >= 2, "round 2");
    await flood(server.url, MOST_REGISTERS + 500);
    const later = await machineOn(server.url, "o");
    await assertRejects(
      () => soon(later.ended, "a refusal"),
      Error,
      "cannot store messages (maximum messages exceeded)",
    );
    assert(!machine.local.finished, "not sent while it trained");
    await soon(machine.ended, "the end of training");
    assertEquals(machine.local.digest, toyResult(TOY));
  },
);

Deno.test("garbage over the claim of a run is told and written over, and who comes takes part, 10 of 10", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const cluster = new ToyCluster(TOY, { seed, faults: { delayMs: [1, 9] } });
    const machines = ["a", "b"].map((name) => cluster.start(name));
    await cluster.until(() => machines.every(({ local }) => local.round > 3));
    const evil = cluster.broker.connect("evil");
    const overwrite = async (value: string) => {
      const { revision } = (await evil.register("run"))!;
      await evil.write("run", value, revision);
    };
    const garbage = ["garbage", "{}", "[".repeat(70_000), JSON.stringify({ config: 7 }), ""];
    await cluster.clock.run(overwrite(garbage[seed % garbage.length]!), Infinity);
    await cluster.clock.run(cluster.clock.sleep(500), Infinity);
    const later = cluster.start("c");
    assertEquals(await cluster.finish(), new Array(3).fill(toyResult(TOY)));
    assert(later.local.asked.some((count) => count > 0), "who came later was dealt nothing");
    assertMatch(cluster.incidents().join("\n"), /register "run", it is no claim of Lockstep, and is written again/);
  }
});
