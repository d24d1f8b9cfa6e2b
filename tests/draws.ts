/** Makes random choices for tests. A failing test prints its seed, and `LOCKSTEP_TEST_SEED` repeats its choices. */
import { Random, Stream } from "../lib/base/numbers/random.ts";

/** Draws a whole number from 0 to `below` - 1. */
export type Draw = (below: number) => number;

/** Runs `body` with draws of one seed. Its error names the seed. */
export async function withDraws(body: (draw: Draw) => Promise<void>): Promise<void> {
  const seed = Number(Deno.env.get("LOCKSTEP_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  try {
    await body(drawsOf(seed));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`With LOCKSTEP_TEST_SEED=${seed}: ${message}`, { cause: error });
  }
}

/** Returns the draws of `seed`, one after the other. */
export function drawsOf(seed: number): Draw {
  const random = new Random(seed, Stream.chaos);
  let drawn = 0;
  return (below) => random.seek(drawn++).below(below);
}
