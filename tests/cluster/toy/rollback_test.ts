/** All machines detect divergence in the same round, and roll back to the same state. */
import { assert, assertEquals } from "@std/assert";
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { MemoryBroker, NO_FAULTS } from "./memory_transport.ts";
import { tinyConfig, train } from "../../lockstep/tiny.ts";
import { trainOnMachine } from "./machines.ts";

const recipes: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged weights", { vocabulary: 60, averageEvery: 3 }],
  ["groups", { vocabulary: 60, clusterEvery: 3, groups: 2 }],
  ["averaged gradients", { vocabulary: 60, average: "gradients" }],
];
for (const [what, change] of recipes) {
  Deno.test(`diverging machines of two workers give the bits of one machine: ${what}`, async () => {
    // Weights grow 30-fold per step, until a value exceeds float32 in the third epoch.
    const explosive = { weightDecay: 100, learningRate: 0.3, onNan: "rollback", epochs: 4 } as const;
    const config = tinyConfig({ ...explosive, ...change });
    const { state, rollbacks } = await train(config, 1);
    assert(rollbacks.length > 0);
    const broker = new MemoryBroker(wallClock, 5, NO_FAULTS);
    const machines = await Promise.all(
      ["a", "b"].map((name) =>
        trainOnMachine({ recipe: config, name, nodes: 2, workers: 2, transport: broker.connect(name) })
      ),
    );
    for (const machine of machines) {
      // Ignores the shard of the gradient, which no machine knows.
      assertEquals(machine.state, state);
      assertEquals(
        machine.rollbacks.map(({ shard: _, ...rollback }) => rollback),
        rollbacks.map(({ shard: _, ...rollback }) => rollback),
      );
    }
    assertEquals(machines[0]!.rollbacks, machines[1]!.rollbacks);
  });
}
