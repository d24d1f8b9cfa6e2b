/** The leader of machines on slow links is killed: the next one reads megabytes of the log within a lease of seconds. */
import { assert, assertEquals } from "@std/assert";
import { ToyCluster } from "../toy/toy_cluster.ts";
import { toyResult } from "../toy/toy_shards.ts";

const LEASE_MS = 3000;
/** The queue of a router, as of `tc tbf latency 1s`. */
const QUEUE_MS = 1000;
/** The log has its maximum size when the leader is killed. */
const LOG_BYTES = 8 * 2 ** 20;
const ROUNDS_AFTER = 30;

interface Setting {
  readonly megabits: number;
  /** Parameters, each with two moments. */
  readonly parameters: number;
  readonly seed?: number;
}

/** Kills the leader of three machines on separate links. Resolves to the number of leaders after it. */
async function leadersAfterKill({ megabits, parameters, seed = 1 }: Setting): Promise<number> {
  const size = 3 * parameters;
  // A round sends four nodes up and its base down.
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
  const own = [...cluster.machines.values()].flatMap(({ incidents }) =>
    incidents.filter(({ member, message }) => member === undefined && /^Leads from/.test(message))
  );
  return own.length;
}

Deno.test("a leader is killed on links of 4 Mbit/s: the next keeps its lease, same digest, 10 of 10", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const leaders = await leadersAfterKill({ megabits: 4, parameters: 7122, seed });
    assert(leaders <= 2, `seed ${seed}: ${leaders} leaders`);
  }
});

for (const [megabits, parameters] of [[8, 7122], [10, 26_562], [4, 26_562], [2, 7122], [4, 100_000]] as const) {
  const title = `a leader is killed on links of ${megabits} Mbit/s, ${parameters} parameters: same digest`;
  Deno.test(title, async () => {
    const leaders = await leadersAfterKill({ megabits, parameters });
    assert(leaders <= 2, `${leaders} leaders`);
  });
}
