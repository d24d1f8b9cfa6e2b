/**
 * Injects faults (`chaos`), to show that they do not change the result: in each round each worker may have one fault, at
 * one moment of the round. Kind and moment are a pure function of seed, round, worker and attempt.
 */
import { Random, Stream } from "../base/numbers/random.ts";

/** `kill` throws, `exit` ends without a message, `hang` sleeps and `spin` computes without end, `slow` sleeps a little. */
const FAULTS = ["kill", "exit", "hang", "spin", "slow"] as const;
type Fault = typeof FAULTS[number];

/** Gives the probability of each fault, per worker and round. */
export type ChaosRates = Readonly<Partial<Record<Fault, number>>>;

/** Places a fault in a round: before the steps, before the averaging, or before the commit. */
export type Moment = 0 | 1 | 2;

/** Makes the worker end without a message. */
export class SilentExit extends Error {
  override readonly name = "SilentExit";
}

/** Parses `kill=0.02,slow=0.1`, which the schema has checked. */
export function parseChaos(text: string): ChaosRates {
  const entries = text === "" ? [] : text.split(",").map((part) => part.split("="));
  return Object.fromEntries(entries.map(([fault, rate]) => [fault, Number(rate)]));
}

/** Outlasts every deadline of a run. */
const FOREVER_MS = 24 * 3600 * 1000;
const SLOW_MS = 20;

/** Returns the function that a worker calls at each moment of each round; it may not return. */
export function createChaos(
  rates: ChaosRates,
  seed: number,
  worker: number,
  attempt: number,
): (round: number, moment: Moment) => void {
  if (Object.keys(rates).length === 0) return () => {};
  const random = new Random(seed, Stream.chaos);
  return (round, moment) => {
    // Has room for 2^32 rounds, 256 workers and 4096 attempts, which is more than `maxRestarts` allows.
    random.seek((attempt * 256 + worker) * 2 ** 32 + round);
    const when = random.below(3);
    let draw = random.uniform();
    if (when !== moment) return;
    for (const fault of FAULTS) {
      draw -= rates[fault] ?? 0;
      if (draw < 0) return strike(fault, random);
    }
  };
}

function strike(fault: Fault, random: Random): void {
  switch (fault) {
    case "kill":
      throw new Error("killed by `chaos`");
    case "exit":
      throw new SilentExit();
    case "hang":
      return sleep(FOREVER_MS);
    case "spin": {
      const end = performance.now() + FOREVER_MS;
      while (performance.now() < end);
      return;
    }
    case "slow":
      return sleep(random.below(SLOW_MS));
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
