/** Checks that machines send and read the bytes that docs/cluster.md and lib/cluster/rounds/sizes.ts count. */
import { assert } from "@std/assert";
import { wallClock } from "../../lib/cluster/protocol/clock.ts";
import { shapeOf } from "../../lib/cluster/rounds/lockstep_shards.ts";
import { MemoryBroker } from "./toy/memory_transport.ts";
import { roundBytes } from "../../lib/cluster/rounds/sizes.ts";
import { createPlan } from "../../lib/lockstep/plan.ts";
import { tinyConfig } from "../lockstep/tiny.ts";
import { trainOnMachine } from "./toy/machines.ts";

/** The expected number of rows that `tokens` tokens touch, drawn uniformly from `rows`. */
function touched(rows: number, tokens: number): number {
  return Math.round(rows * (1 - (1 - 1 / rows) ** tokens));
}

for (const embeddingRows of ["dense", "lazy"] as const) {
  Deno.test(`three machines send and read the counted bytes within a tenth: ${embeddingRows} rows`, async () => {
    const recipe = tinyConfig({ vocabulary: 3000, embeddingRows, shards: 6, epochs: 1 });
    const broker = new MemoryBroker(wallClock);
    // A machine that counted as gone for a moment would send something twice.
    const setting = { recipe, nodes: 3, leaseMs: 8000 };
    const machines = await Promise.all(
      ["a", "b", "c"].map((name) => trainOnMachine({ ...setting, name, transport: broker.connect(name) })),
    );
    const config = {
      training: recipe,
      workers: 1,
      workerTimeoutMs: 1000,
      maxRestarts: 0,
      chaos: {},
      spin: false,
    };
    const shape = shapeOf(createPlan(config), config);
    const tokensOfShard = recipe.averageEvery * recipe.batchSize * recipe.length;
    const rows = (shards: number) => embeddingRows === "dense" ? 0 : touched(recipe.vocabulary, shards * tokensOfShard);
    const rounds = machines[0]!.rounds.length;
    // Each node has two shards. All machines but the leader read the base; the leader reads two uploads.
    const node = roundBytes(shape, 2, 1, rows(2) / 2).base;
    const base = roundBytes(shape, 6, 1, rows(6) / 6).base;
    const isAsCounted = (bytes: number, counted: number) =>
      assert(Math.abs(bytes / counted - 1) < 0.1, `${bytes} bytes in ${rounds} rounds, ${counted} counted`);
    const sum = (way: "up" | "down") => machines.reduce((total, { traffic }) => total + traffic[way], 0);
    // The leader publishes the whole state at the end.
    const state = 4 * shape.parts * shape.elements;
    isAsCounted(sum("up"), rounds * (3 * node + base) + state);
    isAsCounted(sum("down"), rounds * (2 * node + 2 * base));
  });
}
