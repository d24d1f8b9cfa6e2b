import { assert, assertEquals, assertThrows } from "@std/assert";
import { createChaos, parseChaos, SilentExit } from "../../lib/lockstep/chaos.ts";

/** Lists the rounds, of 2000, in which a worker of this attempt is killed, with the moment. */
function killsOf(seed: number, worker: number, attempt: number): string[] {
  const chaos = createChaos({ kill: 0.05 }, seed, worker, attempt);
  const kills: string[] = [];
  for (let round = 0; round < 2000; round++) {
    for (const moment of [0, 1, 2] as const) {
      try {
        chaos(round, moment);
      } catch {
        kills.push(`${round} at ${moment}`);
      }
    }
  }
  return kills;
}

Deno.test("createChaos() strikes at its rate, at every moment, the same way each time", () => {
  const kills = killsOf(1, 0, 0);
  assert(kills.length > 60 && kills.length < 140, `${kills.length} of 2000 at a rate of 0.05`);
  assertEquals(new Set(kills.map((kill) => kill.at(-1))), new Set(["0", "1", "2"]));
  assertEquals(killsOf(1, 0, 0), kills);
});

Deno.test("createChaos() strikes at other moments for another seed, worker or attempt", () => {
  const kills = killsOf(1, 0, 0).join();
  for (const [seed, worker, attempt] of [[2, 0, 0], [1, 1, 0], [1, 0, 1]] as const) {
    assert(killsOf(seed, worker, attempt).join() !== kills);
  }
});

Deno.test("createChaos() does nothing without rates, and ends silently for exit", () => {
  createChaos({}, 1, 0, 0)(0, 0);
  const chaos = createChaos({ exit: 1 }, 1, 0, 0);
  assertThrows(() => ([0, 1, 2] as const).forEach((moment) => chaos(0, moment)), SilentExit);
});

Deno.test("parseChaos() reads rates by fault", () => {
  assertEquals(parseChaos("kill=0.02,slow=.5"), { kill: 0.02, slow: 0.5 });
  assertEquals(parseChaos(""), {});
});
