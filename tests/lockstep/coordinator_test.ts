/** Tests how a training ends: by its schedule, by a request or by a fault. */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { TrainingError } from "../../lib/base/errors.ts";
import { StopReason } from "../../lib/lockstep/memory/control.ts";
import { plainHeldOut, plainModel } from "./plain_rounds.ts";
import type { Fault } from "./faulty_worker.ts";
import { tinyConfig, train } from "./tiny.ts";

Deno.test("requestStop() ends training after the round, with an evaluation of it", async () => {
  const config = tinyConfig({ stepsPerEpoch: 1_000_000, averageEvery: 2 });
  const { reason, state, epochs, rounds } = await train(config, 2, {
    watch(coordinator, seen) {
      if (seen.length === 0) return;
      coordinator.requestStop(StopReason.signal);
      coordinator.requestStop(StopReason.time); // the first reason stays
    },
  });
  assertEquals(reason, StopReason.signal);
  assertEquals(epochs.map(({ round }) => round), [state.round]);
  assertEquals(rounds.map(({ round }) => round), rounds.map((_, i) => i + 1));
  assertEquals([rounds.length, state.step], [state.round, 2 * state.round]);
  const model = await plainModel(config);
  const expected = plainHeldOut(model, state.values.subarray(0, model.layout.size));
  assertAlmostEquals(epochs[0]!.heldOut.loss, expected.loss, 1e-6);
});

Deno.test("a target accuracy ends training at the end of the epoch that reaches it", async () => {
  const { reason, state, epochs } = await train(tinyConfig({ epochs: 1000, targetAccuracy: 0.01 }), 2);
  assertEquals([reason, state.round, epochs.length], [StopReason.target, 4, 1]);
});

Deno.test("start() gives the engine's full name", async () => {
  for (const [engine, name] of [["simd", "simd/wasm"], ["tfjs", "tfjs/cpu"]] as const) {
    assertEquals((await train(tinyConfig({ engine, epochs: 1, stepsPerEpoch: 1 }), 1)).engine, name);
  }
});

Deno.test("drift is measured in some rounds, 0 for one shard and more for several", async () => {
  const driftOf = async (shards: number, averageEvery: number) => {
    const { rounds } = await train(tinyConfig({ shards, averageEvery, epochs: 10 }), 1);
    return rounds.map(({ drift }) => drift).filter((drift) => !Number.isNaN(drift));
  };
  const alone = await driftOf(1, 1);
  assert(alone.length > 0 && alone.every((drift) => drift === 0));
  const several = await driftOf(4, 2);
  assert(several.length > 0 && several.every((drift) => drift > 0 && drift < 1), `${several}`);
});

const faults: [fault: Fault, timeoutMs: number, message: RegExp][] = [
  ["throws in the loop", 20_000, /^Worker 1 failed: out of luck$/],
  ["throws at once", 20_000, /^Worker 1 failed: .*out of luck$/],
  ["mute once ready", 3000, /^Worker 1 showed no sign of life for 3 s: it hangs, or a step takes longer/],
  ["mute", 600, /^Worker [01] showed no sign of life for 0.6 s: it hangs, or a step takes longer/],
  ["leaves", 600, /^Worker [01] showed no sign of life for 0.6 s: it hangs, or a step takes longer/],
];
for (const [fault, workerTimeoutMs, message] of faults) {
  Deno.test(`training fails and names the worker with the fault "${fault}"`, async () => {
    const failing = () => train(tinyConfig({ epochs: 1000 }), 2, { fault, workerTimeoutMs });
    assertMatch((await assertRejects(failing, TrainingError)).message, message);
  });
}
