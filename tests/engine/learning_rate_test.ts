import { assertAlmostEquals, assertEquals } from "@std/assert";
import { learningRateAt, type ScheduleConfig } from "../../lib/engine/learning_rate.ts";

const config = (change: Partial<ScheduleConfig>): ScheduleConfig => ({
  learningRate: 0.8,
  schedule: "constant",
  warmupSteps: 0,
  epochs: 2,
  extendedAfter: "",
  stepsPerEpoch: 4,
  ...change,
});

const table: [what: string, change: Partial<ScheduleConfig>, rates: number[]][] = [
  ["constant", {}, [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]],
  ["constant after a warm-up of 4", { warmupSteps: 4 }, [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.8, 0.8]],
  ["linear", { schedule: "linear" }, [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]],
  ["linear after a warm-up of 4", { schedule: "linear", warmupSteps: 4 }, [0.2, 0.4, 0.6, 0.8, 0.8, 0.6, 0.4, 0.2]],
  // 0.4 · (1 + cos(kπ / 8))
  [
    "cosine",
    { schedule: "cosine" },
    [0.8, 0.76955181, 0.68284271, 0.55307337, 0.4, 0.24692663, 0.11715729, 0.03044819],
  ],
  [
    "cosine after a warm-up of 4",
    { schedule: "cosine", warmupSteps: 4 },
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.68284271, 0.4, 0.11715729],
  ],
  ["linear, extended after the first epoch", { schedule: "linear", extendedAfter: "1" }, [
    ...[0.8, 0.6, 0.4, 0.2],
    ...[0.4, 0.3, 0.2, 0.1],
  ]],
  ["linear, extended twice", { schedule: "linear", epochs: 3, extendedAfter: "1,2", stepsPerEpoch: 2 }, [
    ...[0.8, 0.4],
    ...[0.4, 0.2],
    ...[0.8 / 3, 0.4 / 3],
  ]],
  ["a warm-up of all steps", { schedule: "linear", warmupSteps: 8 }, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]],
];
for (const [what, change, rates] of table) {
  Deno.test(`learningRateAt() follows the table: ${what}`, () => {
    for (const [step, rate] of rates.entries()) assertAlmostEquals(learningRateAt(config(change), step), rate, 1e-8);
  });
}

Deno.test("learningRateAt() is exactly the learning rate with a constant schedule and no warm-up", () => {
  for (const step of [0, 7, 1e6]) assertEquals(learningRateAt(config({ learningRate: 0.01 }), step), 0.01);
});

Deno.test("learningRateAt() is 0 from the end of the schedule", () => {
  for (const schedule of ["linear", "cosine"] as const) {
    for (const step of [8, 9, 100]) assertEquals(learningRateAt(config({ schedule }), step), 0);
  }
});
