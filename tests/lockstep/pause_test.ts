/** Tests pauses at the ends of rounds. */
import { assert, assertEquals } from "@std/assert";
import { StopReason } from "../../lib/lockstep/memory/control.ts";
import { stateDigest } from "../../lib/lockstep/memory/state.ts";
import { tinyConfig, train } from "./tiny.ts";

Deno.test("setPaused() stops rounds until training resumes, several times, and changes no bit", async () => {
  const config = tinyConfig({ epochs: 400 });
  const undisturbed = await train(config, 2);
  let pauses = 0;
  let [pausedAt, still] = [-1, 0];
  const disturbed = await train(config, 2, {
    watch(coordinator) {
      if (pauses === 3) return;
      if (pausedAt === -1) {
        coordinator.setPaused(true);
        pausedAt = coordinator.round;
      } else if (coordinator.round !== pausedAt) {
        pausedAt = coordinator.round; // the round that had begun
        still = 0;
      } else if (++still === 2) {
        assert(coordinator.isPaused);
        coordinator.setPaused(false);
        [pausedAt, still] = [-1, 0];
        pauses++;
      }
    },
  });
  assertEquals(pauses, 3);
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
