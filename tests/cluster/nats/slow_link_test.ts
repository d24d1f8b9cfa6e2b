/** Machines on slow links, whose leader is killed: the next one has a log of megabytes before it, and a lease of seconds. */
import { assert, assertEquals } from "@std/assert";
import { ToyCluster } from "../toy/toy_cluster.ts";
import { toyResult } from "../toy/toy_shards.ts";

const LEASE_MS = 3000;
/** What a router keeps, as `tc tbf latency 1s` does. */
const QUEUE_MS = 1000;
/** The log holds 8 MiB, as much as it ever does, when the leader is killed. */
const LOG_BYTES = 8 * 2 ** 20;
const ROUNDS_AFTER = 30;

interface Setting {
  readonly megabits: number;
  /** Parameters; each has its two moments beside it. */
  readonly parameters: number;
  readonly seed?: number;
}

/** Three machines, each behind a link of its own; the leader is killed once. Resolves to the leaders after it. */
async function leadersAfterKill({ megabits, parameters, seed = 1 }: Setting): Promise<number> {
  const size = 3 * parameters;
  // A round moves four nodes up and its base down.
  const before = Math.ceil(LOG_BYTES / (5 * 4 * size)) + seed % 7;
  const toy = { shards: 5, rounds: before + ROUNDS_AFTER, size };
  const bytesPerMs = megabits * 125;
  const link = { bytesPerMs, queueBytes: bytesPerMs * QUEUE_MS };
  const cluster = new ToyCluster(toy, { seed, faults: { link, delayMs: [1, 9] }, leaseMs: LEASE_MS, roundMs: 30_000 });
  const machines = ["a", "b", "c"].map((name) => cluster.start(name));
  await cluster.until(() => machines.some(({ local }) => local.round >= before), 600_000);
  cluster.kill(cluster.leader);
  const digests = await cluster.finish(600_000);
  assertEquals(digests, new Array(2).fill(toyResult(toy)));
  const own = [...cluster.machines.values()].flatMap(({ news }) =>
    news.filter((item) => item.type === "incident" && item.member === undefined && /^Leads from/.test(item.message))
  );
  return own.length;
}

Deno.test("a leader that is killed on links of 4 Mbit/s: the next one keeps its lease, same digest, 10 of 10", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const leaders = await leadersAfterKill({ megabits: 4, parameters: 7122, seed });
    assert(leaders <= 2, `seed ${seed}: ${leaders} leaders`);
  }
});

for (const [megabits, parameters] of [[8, 7122], [10, 26_562], [4, 26_562], [2, 7122], [4, 100_000]] as const) {
  const title = `a leader that is killed on links of ${megabits} Mbit/s, ${parameters} parameters: same digest`;
  Deno.test(title, async () => {
    const leaders = await leadersAfterKill({ megabits, parameters });
    assert(leaders <= 2, `${leaders} leaders`);
  });
}
