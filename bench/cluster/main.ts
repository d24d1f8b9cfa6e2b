/**
 * Estimates a round over several machines, from a model of the network, this machine's own costs and the step times of a
 * real run, and recommends a --cluster-every:
 *
 *   deno task bench:cluster runs/latest --link-mbit 1000 --latency-ms 0.5
 *
 * The bytes are those that lib/cluster/rounds/sizes.ts counts for the protocol. Step times are drawn from the run's progress
 * events: a round waits for the slowest of its machines. At its start it measures the costs of hashing, copying, and the
 * server's persistence and answers, on its own NATS server (costs.ts). docs/cluster.md has its estimates beside measurements
 * on real machines. --machines, --model-mb and --shards choose the rows; --up-bytes and --base-bytes replace the counted
 * bytes by those of a real round.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { natsAbsence, NatsServer } from "../../tests/cluster/nats/nats_server.ts";
import { type Costs, measureCosts, MEASURED } from "./costs.ts";
import { roundBytes } from "../../lib/cluster/rounds/sizes.ts";
import { resolveRun } from "../../lib/run/files/directory.ts";
import type { RoundShape } from "../../lib/cluster/protocol/round_codec.ts";
import { eventSchema } from "../../lib/base/events.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";

interface Network {
  /** The bandwidth of each machine, and of the broker, each way. */
  readonly bytesPerSecond: number;
  readonly brokerBytesPerSecond: number;
  readonly latencySeconds: number;
}

interface RoundTime {
  readonly steps: number;
  /** The seconds from the end of the slowest machine's steps to the start of the next round. */
  readonly exchange: number;
  /** Counts the bytes that all machines send and read through the broker. */
  readonly bytes: number;
}

/** Counts the consecutive messages of a round: deal, upload, base; each through the broker, acknowledged. */
const LEGS = 3;

interface Exchange {
  /** Count the bytes of all uploads together, and of the base. */
  readonly up: number;
  readonly base: number;
  readonly machines: number;
  readonly network: Network;
  readonly costs: Costs;
}

/** Returns the seconds of an exchange: the sum of its consecutive parts, as machines share the broker's bandwidth. */
export function exchangeSeconds({ up, base, machines, network, costs }: Exchange): number {
  const { bytesPerSecond: own, brokerBytesPerSecond: broker, latencySeconds } = network;
  if (machines === 1) return 0;
  const way = Math.min(own, broker);
  const each = up / machines;
  const waits = LEGS * (4 * latencySeconds + costs.message);
  const upload = Math.max(each / own, up / broker) + each * (costs.codec + costs.send);
  // One machine leads: it reads the uploads of all others.
  const reading = (up - each) * (1 / way + costs.receive + costs.codec);
  const adding = up * costs.add + base * costs.codec;
  const publishing = base * (1 / way + costs.send);
  const spreading = Math.max(base / own, base * (machines - 1) / broker) + base * (costs.receive + costs.codec);
  return waits + upload + reading + adding + publishing + spreading;
}

/** Returns the mean over `rounds` rounds whose step times are drawn from `stepSeconds`; the slowest machine counts. */
export function simulate(
  options: {
    readonly shape: RoundShape;
    readonly shards: number;
    readonly machines: number;
    readonly averageEvery: number;
    readonly network: Network;
    readonly costs: Costs;
    readonly stepSeconds: readonly number[];
    readonly rounds?: number;
    /** Counts the rows that a shard touches in a step. */
    readonly rowsPerStep?: number;
  },
): RoundTime {
  const { shape, shards, machines, averageEvery, network, costs, stepSeconds, rounds = 200 } = options;
  const rows = Math.min(shape.rows, (options.rowsPerStep ?? shape.rows) * averageEvery);
  const { up, base } = roundBytes(shape, shards, machines, rows);
  const random = new Random(1, Stream.chaos);
  const shardsEach = Math.ceil(shards / machines);
  let steps = 0;
  for (let round = 0; round < rounds; round++) {
    let slowest = 0;
    for (let machine = 0; machine < machines; machine++) {
      let own = 0;
      for (let step = 0; step < averageEvery; step++) {
        own += shardsEach * stepSeconds[random.below(stepSeconds.length)]!;
      }
      slowest = Math.max(slowest, own);
    }
    steps += slowest;
  }
  const exchange = exchangeSeconds({ up, base, machines, network, costs });
  return { steps: steps / rounds, exchange, bytes: up + base + base * (machines - 1) + up * (machines - 1) / machines };
}

/** Limits the fraction of a round that the recommendation spends on the exchange. */
const SHARE = 0.1;

/** Returns the least --cluster-every: phases of `partSeconds` in a round of which the exchange takes at most `share`. */
export function recommendedEvery(partSeconds: number, exchange: number, share = SHARE): number {
  return Math.max(1, Math.ceil(exchange * (1 - share) / share / partSeconds));
}

/** Returns the seconds of steps of one shard, from the progress events of the run in `directory`. */
async function stepTimes(directory: string): Promise<number[]> {
  const lines = (await readFile(join(directory, "events.jsonl"), "utf8")).trim().split("\n");
  const events = lines.map((line) => eventSchema.parse(JSON.parse(line)));
  const started = events.find((event) => event.type === "started");
  if (!started) throw new Error(`The run in "${directory}" has not begun`);
  const batchSize = Number(started.config["batchSize"]);
  return events.flatMap((event) =>
    event.type !== "progress"
      ? []
      : event.workers.flatMap(({ sequencesPerSecond, compute }) =>
        sequencesPerSecond > 0 ? [compute * batchSize / sequencesPerSecond] : []
      )
  );
}

/** Limits --cluster-every. */
const MOST_PARTS = 10_000;

/** Measures the costs on the bench's own server; without an installed one, returns earlier measurements. */
async function costsHere(): Promise<Costs> {
  if (natsAbsence() !== undefined) return MEASURED;
  await using server = await NatsServer.start();
  return await measureCosts(server.url);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "link-mbit": { type: "string", default: "1000" },
      "broker-mbit": { type: "string", default: "10000" },
      "latency-ms": { type: "string", default: "0.5" },
      "model-mb": { type: "string", default: "0.1,1,16,100" },
      machines: { type: "string", default: "2,3,10,30,100,300,1000" },
      shards: { type: "string" },
      "up-bytes": { type: "string" },
      "base-bytes": { type: "string" },
    },
  });
  const stepSeconds = await stepTimes(await resolveRun(positionals[0] ?? "runs/latest"));
  const mean = stepSeconds.reduce((sum, seconds) => sum + seconds, 0) / stepSeconds.length;
  const network = {
    bytesPerSecond: Number(values["link-mbit"]) * 125_000,
    brokerBytesPerSecond: Number(values["broker-mbit"]) * 125_000,
    latencySeconds: Number(values["latency-ms"]) / 1000,
  };
  const costs = await costsHere();
  const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  const print = (cells: readonly (string | number)[]) => say(cells.map((cell) => String(cell).padStart(16)).join(""));
  const ns = (seconds: number) => (seconds * 1e9).toFixed(2);
  say(
    `A message ${(costs.message * 1e3).toFixed(2)} ms; a byte sent ${ns(costs.send)} ns, read ${
      ns(costs.receive)
    } ns, ` +
      `to or from shared memory ${ns(costs.codec)} ns, added ${ns(costs.add)} ns; a step ${(mean * 1e3).toFixed(2)} ms`,
  );
  print(["model MB", "machines", "steps s", "exchange s", "MB a round", "efficiency", "--cluster-every"]);
  for (const megabytes of values["model-mb"].split(",").map(Number)) {
    const shape = { elements: Math.round(megabytes * 250_000), rows: 0, width: 1, parts: 3 };
    for (const machines of values.machines.split(",").map(Number)) {
      const shards = Number(values.shards ?? machines);
      const counted = simulate({ shape, shards, machines, averageEvery: 1, network, costs, stepSeconds, rounds: 50 });
      const [up, base] = [Number(values["up-bytes"] ?? 0), Number(values["base-bytes"] ?? 0)];
      const exchange = up > 0 ? exchangeSeconds({ up, base, machines, network, costs }) : counted.exchange;
      const { steps, bytes } = counted;
      const every = recommendedEvery(steps, exchange);
      const efficiency = mean * shards / machines / (steps + exchange);
      print([
        megabytes,
        machines,
        steps.toPrecision(3),
        exchange.toPrecision(3),
        (bytes / 1e6).toFixed(1),
        `${(100 * efficiency).toFixed(0)} %`,
        every > MOST_PARTS ? "none" : every,
      ]);
    }
  }
}
