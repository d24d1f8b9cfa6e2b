import { assertRejects } from "@std/assert";
import { claimRun } from "../../lib/cluster/claim.ts";
import { MemoryBroker } from "../../lib/cluster/memory_transport.ts";
import { InputError } from "../../lib/errors.ts";
import type { LockstepConfig } from "../../lib/lockstep/plan.ts";
import { parseChaos } from "../../lib/lockstep/chaos.ts";
import { tinyConfig } from "../lockstep/tiny.ts";
import { FakeClock } from "./fake_clock.ts";

const own: LockstepConfig = {
  training: tinyConfig({ weights: "here.safetensors" }),
  weightsDigest: "a",
  workers: 1,
  workerTimeoutMs: 1000,
  maxRestarts: 0,
  chaos: parseChaos(""),
  spin: false,
};

Deno.test("claimRun() takes the same weights from another path, and refuses others and another config", async () => {
  const clock = new FakeClock();
  const broker = new MemoryBroker(clock);
  const claim = (change: Partial<LockstepConfig>) =>
    clock.run(claimRun(broker.connect("someone"), "run", { ...own, ...change }), Infinity);
  await claim({});
  await claim({ training: tinyConfig({ weights: "there.safetensors" }), workers: 2 });
  await assertRejects(
    () => claim({ weightsDigest: "b" }),
    InputError,
    "weights is of digest a there and of digest b here",
  );
  await assertRejects(() => claim({ training: tinyConfig({ hidden: 6 }) }), InputError, "hidden is 5 there and 6 here");
});
