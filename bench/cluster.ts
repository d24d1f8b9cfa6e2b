/**
 * What a round over several machines takes, from a model of the network and the step times of a real run:
 *
 *   deno task bench:cluster runs/latest --link-mbit 1000 --latency-ms 0.5
 *
 * The bytes are those that lib/cluster/sizes.ts counts for the protocol. Step times are drawn from the run's progress
 * events: a round waits for the slowest of its machines. Nothing here was measured over the network it describes; what a
 * real network of some machines came to is in docs/cluster.md.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { roundBytes } from "../lib/cluster/sizes.ts";
import type { RoundShape } from "../lib/cluster/round_codec.ts";
import { eventSchema } from "../lib/events.ts";
import { Random, Stream } from "../lib/random.ts";

export interface Network {
  /** Of each machine, and of the broker, each way. */
  readonly bytesPerSecond: number;
  readonly brokerBytesPerSecond: number;
  readonly latencySeconds: number;
}

export interface RoundTime {
  readonly steps: number;
  /** From the end of the slowest machine's steps to the start of the next round, in seconds. */
  readonly exchange: number;
  /** Bytes that all machines send and read, over the broker. */
  readonly bytes: number;
}

/** Bytes of float32 that a machine adds up in a second, in one thread: measured at about 1 GB/s. */
const ADDED_BYTES_PER_SECOND = 1e9;

/** Messages that follow each other in a round: deal, upload, base; each through the broker, acknowledged. */
const LEGS = 3;

/** The parts of a round, one after the other, where machines share the broker's way. */
export function exchangeSeconds(up: number, base: number, machines: number, network: Network): number {
  const { bytesPerSecond: own, brokerBytesPerSecond: broker, latencySeconds } = network;
  const latency = LEGS * 4 * latencySeconds;
  if (machines === 1) return 0;
  const upload = Math.max(up / machines / own, up / broker);
  const reading = up * (machines - 1) / machines / Math.min(own, broker);
  const adding = (up + base) / ADDED_BYTES_PER_SECOND;
  const publishing = base / Math.min(own, broker);
  const spreading = Math.max(base / own, base * (machines - 1) / broker);
  return latency + upload + reading + adding + publishing + spreading;
}

/** Mean over `rounds` rounds whose step times are drawn from `stepSeconds`; the slowest machine counts. */
export function simulate(
  options: {
    readonly shape: RoundShape;
    readonly shards: number;
    readonly machines: number;
    readonly averageEvery: number;
    readonly network: Network;
    readonly stepSeconds: readonly number[];
    readonly rounds?: number;
    /** Rows that a shard touches in a step. */
    readonly rowsPerStep?: number;
  },
): RoundTime {
  const { shape, shards, machines, averageEvery, network, stepSeconds, rounds = 200 } = options;
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
  const exchange = exchangeSeconds(up, base, machines, network);
  return { steps: steps / rounds, exchange, bytes: up + base + base * (machines - 1) + up * (machines - 1) / machines };
}

/** The fewest steps between two averagings with which exchanging takes at most `share` of the time. */
export function recommendedEvery(stepsOfOne: number, exchange: number, share = 0.2): number {
  return Math.max(1, Math.ceil(exchange * (1 - share) / share / stepsOfOne));
}

/** Seconds of a step of one shard, from the progress events of the run in `directory`. */
export async function stepTimes(directory: string): Promise<number[]> {
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

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "link-mbit": { type: "string", default: "1000" },
      "broker-mbit": { type: "string", default: "10000" },
      "latency-ms": { type: "string", default: "0.5" },
    },
  });
  const stepSeconds = await stepTimes(positionals[0] ?? "runs/latest");
  const mean = stepSeconds.reduce((sum, seconds) => sum + seconds, 0) / stepSeconds.length;
  const network = {
    bytesPerSecond: Number(values["link-mbit"]) * 125_000,
    brokerBytesPerSecond: Number(values["broker-mbit"]) * 125_000,
    latencySeconds: Number(values["latency-ms"]) / 1000,
  };
  const print = (cells: readonly (string | number)[]) =>
    // deno-lint-ignore no-console
    console.log(cells.map((cell) => String(cell).padStart(12)).join(""));
  print(["model MB", "machines", "steps s", "exchange s", "MB a round", "efficiency", "every"]);
  for (const megabytes of [0.1, 1, 16, 100]) {
    const shape = { elements: megabytes * 250_000, rows: 0, width: 1, parts: 3 };
    for (const machines of [2, 3, 10, 30, 100, 300, 1000]) {
      const time = simulate({ shape, shards: machines, machines, averageEvery: 1, network, stepSeconds, rounds: 50 });
      print([
        megabytes,
        machines,
        time.steps.toPrecision(3),
        time.exchange.toPrecision(3),
        (time.bytes / 1e6).toFixed(1),
        `${(100 * mean / (time.steps + time.exchange)).toFixed(0)} %`,
        recommendedEvery(time.steps, time.exchange),
      ]);
    }
  }
}
