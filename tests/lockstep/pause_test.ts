/** Tests pauses at the ends of rounds. */
import { assert, assertEquals } from "@std/assert";
import { StopReason } from "../../lib/lockstep/memory/control.ts";
import { stateDigest } from "../../lib/lockstep/memory/state.ts";
import { tinyConfig, train } from "./tiny.ts";

Deno.test("setPaused() stops rounds until training resumes, several times, and changes no bit", async () => {
  const config = tinyConfig({ averageEvery: 4 }); // Each epoch is one round.
  let pauses = 0;
  let requested = false;
  let rounds: number[] = []; // seen during this pause
  const disturbed = await train({ ...config, epochs: 1_000_000 }, 2, {
    watch(coordinator) {
      if (!requested && !coordinator.isPaused) {
        coordinator.setPaused(true);
        requested = true;
      } else if (requested && coordinator.isPaused && rounds.push(coordinator.round) === 3) {
        assertEquals(new Set(rounds).size, 1);
        coordinator.setPaused(false);
        requested = false;
        rounds = [];
        if (++pauses === 3) coordinator.requestStop(StopReason.signal);
      }
    },
  });
  assertEquals([disturbed.reason, pauses], [StopReason.signal, 3]);
  const undisturbed = await train({ ...config, epochs: disturbed.state.round }, 2);
  assertEquals(stateDigest(disturbed.state), stateDigest(undisturbed.state));
});

Deno.test("requestStop() ends a pause and the training", async () => {
  const config = tinyConfig({ epochs: 1_000_000 });
  let looks = 0;
  const { reason, state } = await train(config, 2, {
    watch(coordinator) {
      if (++looks === 2) coordinator.setPaused(true);
      if (looks === 5) coordinator.requestStop(StopReason.signal);
    },
  });
  assertEquals(reason, StopReason.signal);
  assert(state.round > 0);
});
