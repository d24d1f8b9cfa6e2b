import { assertEquals, assertRejects } from "@std/assert";
import { arithmeticDigest } from "../../../lib/cluster/rounds/arithmetic.ts";
import { type Claim, claimRun, createClaim } from "../../../lib/cluster/roles/check_same_run.ts";
import { MemoryBroker } from "../toy/memory_transport.ts";
import { InputError } from "../../../lib/base/errors.ts";
import type { LockstepConfig } from "../../../lib/lockstep/plan.ts";
import { parseChaos } from "../../../lib/lockstep/chaos.ts";
import { tinyConfig } from "../../lockstep/tiny.ts";
import { testEachSet } from "../../engine/native/libraries.ts";
import { FakeClock } from "../toy/fake_clock.ts";

const own: LockstepConfig = {
  training: tinyConfig({ weights: "here.safetensors" }),
  weightsDigest: "a",
  workers: 1,
  workerTimeoutMs: 1000,
  maxRestarts: 0,
  chaos: parseChaos(""),
  spin: false,
};

/** Opens a broker. `claim` claims its run, `write` writes any claim. */
function claims() {
  const clock = new FakeClock();
  const broker = new MemoryBroker(clock);
  const claim = (value: Claim) => clock.run(claimRun(broker.connect("someone"), "run", value), Infinity);
  const write = (value: string) => clock.run(broker.connect("someone").write("run", value, "new"), Infinity);
  return { claim, write };
}

Deno.test("claimRun() accepts another path of the same weights, but no other weights or config", async () => {
  const { claim } = claims();
  const of = async (change: Partial<LockstepConfig>) => await claim(await createClaim({ ...own, ...change }));
  await of({});
  await of({ training: tinyConfig({ weights: "there.safetensors" }), workers: 2 });
  await assertRejects(
    () => of({ weightsDigest: "b" }),
    InputError,
    "weights is of digest a there and of digest b here",
  );
  await assertRejects(() => of({ training: tinyConfig({ hidden: 6 }) }), InputError, "hidden is 5 there and 6 here");
});

testEachSet("a machine with native kernels has the claim of one without", async (native) => {
  assertEquals(await createClaim({ ...own, native }), await createClaim(own));
});

Deno.test("claimRun() refuses another version, other kernels or arithmetic", async () => {
  const { claim } = claims();
  const right = await createClaim(own);
  await claim(right);
  await claim({ ...right });
  const { config } = right;
  for (const key of ["version", "kernels", "arithmetic"]) {
    await assertRejects(
      () => claim({ ...right, config: { ...config, [key]: "another" } }),
      InputError,
      `(${key} is "${config[key]}" there and "another" here): expected the same version of Lockstep`,
    );
  }
});

Deno.test("claimRun() refuses claims of earlier versions, and invalid ones", async () => {
  const right = await createClaim(own);
  const earlier = claims();
  const { config: { version, kernels: _, arithmetic: __, ...config }, ...files } = right;
  await earlier.write(JSON.stringify({ ...files, config }));
  await assertRejects(
    () => earlier.claim(right),
    InputError,
    `version is nothing there and "${version}" here`,
  );
  for (const value of ["garbage", "{}", "null", '{"config":1,"data":"","weights":""}', "[".repeat(2_000_000)]) {
    const other = claims();
    await other.write(value);
    await assertRejects(
      () => other.claim(right),
      InputError,
      `or that key "run" is deleted from bucket "lockstep-run"`,
    );
  }
});

Deno.test("arithmeticDigest() is deterministic, and differs for other constants, engines and models", async () => {
  const recipe = tinyConfig();
  const digest = await arithmeticDigest(recipe);
  assertEquals(await arithmeticDigest(recipe), digest);
  // Its problem has fixed sizes, so those of the run do not matter.
  assertEquals(await arithmeticDigest({ ...recipe, hidden: 8, vocabulary: 99 }), digest);
  const others = [
    { adamEpsilon: 1e-3 },
    { engine: "tfjs" },
    { layers: 2 },
    { bidirectional: true },
    { dropout: 0.3 },
    { weightDecay: 0.1 },
    { pooling: "mean" },
    { clipNorm: 1e-3 },
    { seed: 7 },
    { labels: "many" },
  ] as const;
  const digests = await Promise.all(others.map((change) => arithmeticDigest({ ...recipe, ...change })));
  assertEquals(new Set([digest, ...digests]).size, others.length + 1);
});
