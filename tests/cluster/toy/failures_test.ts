/** The failure table of docs/cluster.md: each failure ten times, with different delays and at different moments. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { open } from "../../../lib/cluster/protocol/envelope.ts";
import { downSchema, upSchema } from "../../../lib/cluster/protocol/messages.ts";
import { ToyCluster, type ToyMachine } from "./toy_cluster.ts";
import { type ToyOptions, toyResult } from "./toy_shards.ts";

const TOY = { shards: 6, rounds: 40 };
const EXPECTED = toyResult(TOY);
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** Starts three machines with delays. Resolves when all of them take part. */
async function threeMachines(
  seed: number,
  options: Partial<ConstructorParameters<typeof ToyCluster>[1]> = {},
  toy: ToyOptions = TOY,
) {
  const cluster = new ToyCluster(toy, { seed, faults: { delayMs: [1, 9] }, ...options });
  const machines = ["a", "b", "c"].map((name) => cluster.start(name));
  await cluster.until(() => machines.every(({ local }) => local.trained.length > 2));
  return { cluster, machines };
}

/** Returns the leader and the other machines. */
function rolesOf(cluster: ToyCluster): { leader: ToyMachine; followers: ToyMachine[] } {
  const leader = cluster.machines.get(cluster.leader)!;
  return { leader, followers: [...cluster.machines.values()].filter((machine) => machine !== leader) };
}

/** Counts the uploads of `member` for `round` in the log. */
function uploads(cluster: ToyCluster, member: string, round: number): number {
  return cluster.broker.log.filter(({ subject, data }) => {
    if (subject !== "up") return false;
    const message = upSchema.parse(open(data).header);
    return message.type === "upload" && message.member === member && message.round === round;
  }).length;
}

function isCommitted(cluster: ToyCluster, round: number): boolean {
  return cluster.broker.log.some(({ subject, data }) => {
    if (subject !== "down") return false;
    const message = downSchema.parse(open(data).header);
    return message.type === "base" && message.round === round;
  });
}

async function finishesRight(cluster: ToyCluster, expected = EXPECTED): Promise<void> {
  for (const digest of await cluster.finish()) assertEquals(digest, expected);
}

Deno.test("a member dies before its commit: its shards are assigned again, same digest, 10 of 10", async () => {
  for (const seed of SEEDS) {
    const { cluster } = await threeMachines(seed);
    const [victim] = rolesOf(cluster).followers;
    victim!.local.stepMs = 400;
    const round = victim!.local.round + 1 + seed % 3;
    await cluster.until(() => (victim!.local.trained[round] ?? 0) > 0);
    cluster.kill(victim!.name);
    assertEquals(uploads(cluster, victim!.name, round + 1), 0);
    await finishesRight(cluster);
    assertMatch(cluster.incidents().join("\n"), /are assigned again/);
  }
});

Deno.test("a member dies with groups: they are assigned as a whole, same digest, 10 of 10", async () => {
  const toy = { shards: 7, groups: 3, rounds: 40 }; // 0-1, 2-3, 4-6
  for (const seed of SEEDS) {
    const { cluster } = await threeMachines(seed, {}, toy);
    const [victim] = rolesOf(cluster).followers;
    victim!.local.stepMs = 400;
    const round = victim!.local.round + 1 + seed % 3;
    await cluster.until(() => (victim!.local.trained[round] ?? 0) > 0);
    cluster.kill(victim!.name);
    await finishesRight(cluster, toyResult(toy));
    assertMatch(cluster.incidents().join("\n"), /Shards (0,1|2,3|4,5,6) of round \d+ are assigned again/);
  }
});

Deno.test("a member dies after its commit: it counts, same digest, 10 of 10", async () => {
  for (const seed of SEEDS) {
    const { cluster, machines } = await threeMachines(seed);
    const [victim, other] = rolesOf(cluster).followers;
    other!.local.stepMs = 300;
    const round = other!.local.round + 2;
    await cluster.until(() => uploads(cluster, victim!.name, round + 1) > 0);
    assert(!isCommitted(cluster, round + 1));
    cluster.kill(victim!.name);
    await finishesRight(cluster);
    // No machine trained that round twice.
    assertEquals(machines.map(({ local }) => local.trained[round]), [1, 1, 1]);
  }
});

Deno.test("a late commit is refused with the current round, 10 of 10", async () => {
  for (const seed of SEEDS) {
    const { cluster } = await threeMachines(seed, { roundMs: 500 });
    const [slow] = rolesOf(cluster).followers;
    slow!.local.stepMs = 1500;
    await cluster.until(() => slow!.incidents.some(({ message }) => /refused/.test(message)));
    slow!.local.stepMs = 10;
    await finishesRight(cluster);
  }
});

Deno.test("a member that joins during a run gets the state by its digest, 10 of 10", async () => {
  for (const seed of SEEDS) {
    const { cluster, machines } = await threeMachines(seed);
    for (const { local } of machines) local.stepMs = 200;
    // The newcomer cannot read the earlier log.
    const { sequence } = cluster.broker.log.at(-1)!;
    await cluster.clock.run(cluster.broker.connect("janitor").trim(sequence), Infinity);
    const newcomer = cluster.start("d");
    await finishesRight(cluster);
    assert(newcomer.local.trained.some((count) => count > 0), "the newcomer got no shards");
    assertMatch(cluster.incidents().join("\n"), /Joined with the state after round/);
  }
});

Deno.test("a leader dies: the next one continues from the existing commits, same digest, 10 of 10", async () => {
  for (const seed of SEEDS) {
    const { cluster, machines } = await threeMachines(seed);
    const { leader, followers } = rolesOf(cluster);
    leader.local.stepMs = 300;
    const round = leader.local.round + 2;
    await cluster.until(() => followers.every(({ name }) => uploads(cluster, name, round + 1) > 0));
    cluster.kill(leader.name);
    await finishesRight(cluster);
    const trained = machines.map(({ local, name }) => name === leader.name ? 0 : local.trained[round]!);
    // One or both followers trained the leader's shards, but not their own again.
    assert(trained.every((count) => count <= 2), `trained ${trained} times`);
    assert(cluster.incidents().filter((message) => /^Leads from round/.test(message)).length > 0);
  }
});

for (const keepStore of [true, false]) {
  const name = keepStore ? "with its store" : "without its store";
  Deno.test(`a broker returns ${name}: training continues, same digest, 10 of 10`, async () => {
    for (const seed of SEEDS) {
      const { cluster } = await threeMachines(seed);
      await cluster.clock.run(cluster.clock.sleep(seed * 7), Infinity);
      cluster.broker.stop();
      await cluster.clock.run(cluster.clock.sleep(3000), Infinity);
      cluster.broker.restart(keepStore);
      await finishesRight(cluster);
    }
  });
}

Deno.test("a split network: only the side with lease and quorum continues, 10 of 10", async () => {
  for (const seed of SEEDS) {
    const { cluster, machines } = await threeMachines(seed, { minNodes: 2 });
    for (const { local } of machines) local.stepMs = 100;
    const { leader, followers } = rolesOf(cluster);
    cluster.broker.cut(leader.name);
    const { round } = leader.local;
    await cluster.until(() => followers.every(({ local }) => local.round >= round + 3));
    assert(leader.local.round <= round + 1, "the side without a broker continued");
    // Two are away: the other has no quorum.
    cluster.broker.cut(leader.name, followers[0]!.name);
    await cluster.clock.run(cluster.clock.sleep(10_000), Infinity);
    const { round: before } = followers[1]!.local;
    await cluster.clock.run(cluster.clock.sleep(60_000), Infinity);
    assertEquals(followers[1]!.local.round, before);
    assertMatch(cluster.incidents().join("\n"), /Waiting for members: 1 of at least 2/);
    cluster.broker.cut();
    await finishesRight(cluster);
  }
});

Deno.test("messages damaged on their way or duplicated are read again by digest, 10 of 10", async () => {
  const toy = { shards: 3, rounds: 3, size: 140_000 }; // 560 kB: two chunks
  const expected = toyResult(toy);
  for (const seed of SEEDS) {
    const cluster = new ToyCluster(toy, { seed, faults: { corrupt: 0.1, duplicate: 0.3 } });
    for (const name of ["a", "b"]) cluster.start(name);
    assertEquals(await cluster.finish(), [expected, expected]);
  }
});

Deno.test("objects damaged in the log are requested again, 10 of 10", async () => {
  const toy = { shards: 3, rounds: 4, size: 140_000 };
  const expected = toyResult(toy);
  const incidents: string[] = [];
  for (const seed of SEEDS) {
    const cluster = new ToyCluster(toy, { seed, faults: { spoil: 0.1 } });
    for (const name of ["a", "b"]) cluster.start(name);
    assertEquals(await cluster.finish(), [expected, expected]);
    incidents.push(...cluster.incidents());
  }
  assertMatch(incidents.join("\n"), /Requesting it again from /); // an upload, by the leader
  assertMatch(incidents.join("\n"), /Requesting it again$/m); // a base, by a member
});
