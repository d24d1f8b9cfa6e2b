/** Strangers write thousands of registers, and overwrite the claim of the run. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "@nats-io/transport-node";
import { MAX_REGISTERS } from "../../../lib/cluster/protocol/register.ts";
import { Signer } from "../../../lib/cluster/protocol/signer.ts";
import { soon, until } from "../../serve/http/reading.ts";
import { natsTest } from "./nats_server.ts";
import { startMachine } from "./nats_machine.ts";
import { ToyCluster } from "../toy/toy_cluster.ts";
import { toyResult } from "../toy/toy_shards.ts";

const TOY = { shards: 6, rounds: 60 };

/** Returns a register of a member that is in step after `round` rounds. */
function registerOf(member: string, round: number): string {
  const rest = { bytesUp: 0, bytesDown: 0, compute: 0, wait: 0, incidents: 0, recent: [], digests: [] };
  const { key } = new Signer(member);
  return JSON.stringify({ member, life: "1", key, earlier: [], beat: 1, workers: 1, round, inStep: true, ...rest });
}

/** Writes `count` registers of the run "toy": invalid keys, garbage, and members that do not exist. */
async function flood(url: string, count: number): Promise<void> {
  const connection = await connect({ servers: url });
  const member = registerOf("NAME", 0);
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

natsTest("5,000 registers of strangers delay no machine: reported once, same digest", async (server) => {
  const machines = await Promise.all(["m", "n"].map((name) => startMachine(server.url, name, TOY, 20)));
  await until(() => machines.every(({ local }) => local.round >= 2), "round 2");
  await flood(server.url, 5000);
  const before = machines[0]!.local.round;
  machines.push(await startMachine(server.url, "o", TOY, 20));
  await soon(Promise.all(machines.map(({ ended }) => ended)), "the end of training");
  assert(before < TOY.rounds, "training ended before the flood");
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(TOY)));
  assert(machines[2]!.local.trained.some((count) => count > 0), "the later machine got no shards");
  for (const { incidents } of machines) {
    const own = incidents.filter(({ member }) => member === undefined).map(({ message }) => message);
    assertEquals(own.filter((message) => /There are \d+ more registers than a scan reads/.test(message)).length, 1);
    assertEquals(
      own.filter((message) => /Dropped register "member\.a\d+", which is malformed: /.test(message)).length,
      1,
    );
  }
});

natsTest(
  "a bucket that strangers have filled stops only machines that join, with a reason",
  async (server) => {
    const machine = await startMachine(server.url, "m", TOY, 20);
    await until(() => machine.local.round >= 2, "round 2");
    await flood(server.url, MAX_REGISTERS + 500);
    const later = await startMachine(server.url, "o", TOY, 20);
    await assertRejects(
      () => soon(later.ended, "a refusal"),
      Error,
      "cannot store messages (maximum messages exceeded)",
    );
    assert(!machine.local.finished, "training ended before the flood");
    await soon(machine.ended, "the end of training");
    assertEquals(machine.local.digest, toyResult(TOY));
  },
);

Deno.test("an overwritten claim of a run is reported and repaired, and machines can join, 10 of 10", async () => {
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
    assert(later.local.trained.some((count) => count > 0), "the later machine got no shards");
    assertMatch(
      cluster.incidents().join("\n"),
      /register "run", which is malformed: it is not a claim of Lockstep. Writing it again/,
    );
  }
});
