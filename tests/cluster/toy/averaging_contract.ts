/**
 * Tests of averaging for every placement of the shards. They run over shared memory, over a transport in memory and over
 * NATS. A place is a worker in shared memory, or a machine.
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import type { TrainingData } from "../../../lib/data/batches/table.ts";
import type { EpochRecord, RoundRecord } from "../../../lib/lockstep/commit/records.ts";
import type { State } from "../../../lib/lockstep/memory/state.ts";
import { randomData } from "../../data/tables.ts";
import { plainModel, plainTraining } from "../../lockstep/plain_rounds.ts";
import { tinyConfig } from "../../lockstep/tiny.ts";
import { tableConfig } from "../../../lib/data/batches/table_config.ts";

export interface PlaceResult {
  readonly state: State;
  readonly rounds: readonly RoundRecord[];
  readonly epochs: readonly EpochRecord[];
}

/** Trains on `places` places. Resolves to the result of each. */
export type Averaging = (
  recipe: TrainingConfig,
  places: number,
  data: TrainingData | undefined,
) => Promise<readonly PlaceResult[]>;

interface Case {
  readonly what: string;
  readonly places: number;
  readonly change: Partial<TrainingConfig>;
  readonly data?: TrainingData;
}

/** The last steps of an epoch have fewer rows than shards. */
const table = randomData({ rows: 56, vocabulary: 60 });

const cases: readonly Case[] = [
  { what: "moments, 3 of 4 steps", places: 2, change: { averageEvery: 3 } },
  { what: "5 shards on 3 places", places: 3, change: { shards: 5 } },
  { what: "sparse rows", places: 3, change: { vocabulary: 150, averageEvery: 3 } },
  { what: "reset moments", places: 2, change: { vocabulary: 150, moments: "reset", averageEvery: 2 } },
  { what: "dense rows, tfjs", places: 2, change: { embeddingRows: "dense", engine: "tfjs", epochs: 1 } },
  {
    what: "a table, class weights",
    places: 3,
    change: { classWeights: "balanced" },
    data: table,
  },
  {
    what: "gradients, sparse rows, clipped",
    places: 3,
    change: { average: "gradients", shards: 5, vocabulary: 150, clipNorm: 0.05, weightDecay: 0.1, epochs: 3 },
  },
  {
    what: "gradients, dense rows, tfjs",
    places: 2,
    change: { average: "gradients", embeddingRows: "dense", engine: "tfjs", clipNorm: 0.05, epochs: 1 },
  },
  {
    what: "gradients of a table, class weights",
    places: 3,
    change: { average: "gradients", classWeights: "balanced", shards: 6, batchSize: 4, clipNorm: 0.1 },
    data: table,
  },
  {
    what: "groups, sparse rows",
    places: 2,
    change: { shards: 5, vocabulary: 150, clusterEvery: 3, groups: 3, stepsPerEpoch: 7 },
  },
  {
    what: "groups, dense rows, reset moments",
    places: 3,
    change: { shards: 6, embeddingRows: "dense", moments: "reset", clusterEvery: 2, groups: 3, averageEvery: 2 },
  },
  {
    what: "groups, a table, class weights",
    places: 2,
    change: { classWeights: "balanced", clusterEvery: 2, groups: 2, shards: 5, batchSize: 4 },
    data: table,
  },
];

export const averagingContract = cases.map(({ what, places, change, data }) =>
  [
    `${places} places give the bits of one thread: ${what}`,
    async (averaging: Averaging) => {
      const recipe = tinyConfig(change);
      const training = data ? tableConfig(recipe, data) : recipe;
      const expected = plainTraining(await plainModel(training, data), training);
      const results = await averaging(recipe, places, data);
      const [first] = results;
      for (const { state, rounds, epochs } of results) {
        assertEquals(state.values, expected.values);
        assertEquals(state.step, expected.steps);
        // Every place knows the whole round, not only its own part.
        const loss = rounds.reduce((sum, { lossSum }) => sum + lossSum, 0);
        assertAlmostEquals(loss, expected.losses.reduce((sum, value) => sum + value, 0), 1e-9);
        assertEquals(epochs, first!.epochs);
      }
    },
  ] as const
);
