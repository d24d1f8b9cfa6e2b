/** Formats measurements as tables. */
import type { ScalingContestant } from "./train/contestants.ts";
import { median, ratioOf } from "./measure.ts";
import type { RecipeResult } from "./train/recipe.ts";
import { flopsPerSequence, shapeName } from "./train/shapes.ts";
import { medianOf, type StepResult } from "./train/compare_steps.ts";
import { percent, significant, table } from "./table.ts";

/** Returns a table of the results of one shape for each number of cores. */
export function stepTables(results: readonly StepResult[]): string[] {
  const shape = results[0]?.shape;
  if (!shape) return [];
  const cores = [...new Set(results.map(({ contestant }) => contestant.cores))].sort((a, b) => a - b);
  const tables = cores.flatMap((count) => {
    const group = results.filter(({ contestant }) => contestant.cores === count);
    const baselines = group.filter(({ contestant, metrics }) => contestant.baseline && metrics.length > 0);
    const head = [
      count === 1 ? "one core" : `${count} cores`,
      "ms/step",
      "sequences/s",
      "GFLOP/s",
      "wait",
      "averaging",
      ...baselines.map(({ contestant }) => `÷ ${contestant.title}`),
    ];
    const rows = group.filter(({ metrics }) => metrics.length > 0).map((result) => {
      const rate = medianOf(result, "sequencesPerSecond");
      return [
        result.contestant.name,
        significant(medianOf(result, "msPerStep")),
        significant(rate),
        significant(rate && rate * flopsPerSequence(shape) / 1e9),
        percent(medianOf(result, "wait")),
        percent(medianOf(result, "average")),
        ...baselines.map((baseline) => significant(ratioOf(rates(result), rates(baseline)).ratio)),
      ];
    });
    return ["", ...table(head, rows), ...notes(group)];
  });
  return ["", shapeName(shape), ...tables];
}

/** Compares the sequences per second of two workers with those of one, and with two runs of one worker at the same time. */
export function scalingTable(results: readonly StepResult<ScalingContestant>[]): string[] {
  const rows = results.flatMap((one) => {
    if (one.contestant.scaling !== "one") return [];
    const beside = (scaling: ScalingContestant["scaling"]) =>
      results.find(({ contestant, shape }) =>
        shape === one.shape && contestant.family === one.contestant.family && contestant.scaling === scaling
      );
    const two = beside("two"), apart = beside("apart");
    if (!one.metrics.length || !two?.metrics.length || !apart?.metrics.length) return [];
    const { paired, quartiles: [low, high] } = ratioOf(rates(two), rates(one));
    return [[
      shapeName(two.shape),
      two.contestant.family,
      significant(medianOf(one, "sequencesPerSecond")),
      significant(medianOf(two, "sequencesPerSecond")),
      significant(paired),
      `${significant(low)} to ${significant(high)}`,
      significant(medianOf(apart, "sequencesPerSecond")),
      percent(ratioOf(rates(two), rates(apart)).paired),
      percent(medianOf(two, "wait")),
      percent(medianOf(two, "average")),
    ]];
  });
  const head = [
    "from one worker to two",
    "engine",
    "1 worker",
    "2 workers",
    "ratio",
    "quartiles",
    "2 apart",
    "of apart",
    "wait",
    "averaging",
  ];
  const left = results.flatMap(({ contestant, shape, note }) =>
    note === undefined ? [] : [`  ${shapeName(shape)}, ${contestant.name}: ${note}`]
  );
  return ["", ...table(head, rows), ...left];
}

/** Shows the seconds until the target is met. A contestant that missed it has only a note. */
export function recipeTable(results: readonly RecipeResult[]): string[] {
  const reached = results.filter(({ metrics }) => metrics.length > 0 && metrics.every((metrics) => metrics.reached));
  const baselines = reached.filter(({ contestant }) => contestant.baseline);
  const head = ["default recipe", "seconds", "whole process", "steps", "seeds"];
  const rows = reached.map((result) => {
    const { contestant, metrics } = result;
    return [
      contestant.name,
      significant(median(seconds(result))),
      significant(median(metrics.map(({ processSeconds }) => processSeconds))),
      significant(median(metrics.map(({ steps }) => steps))),
      String(metrics.length),
      // These are times, so the baseline's comes first: above 1 is faster than the baseline.
      ...baselines.map((baseline) => significant(ratioOf(seconds(baseline), seconds(result)).ratio)),
    ];
  });
  const missed = results.filter((result) => !reached.includes(result)).map(({ contestant, metrics }) => {
    const last = metrics.at(-1)!;
    return `  ${contestant.name}: missed the target with seed ${last.seed}, ${last.steps} steps in ${
      significant(last.seconds)
    } s`;
  });
  return ["", ...table([...head, ...baselines.map(({ contestant }) => `÷ ${contestant.name}`)], rows), ...missed];
}

function seconds({ metrics }: RecipeResult): number[] {
  return metrics.map(({ seconds }) => seconds);
}

function rates({ metrics }: StepResult): number[] {
  return metrics.map(({ sequencesPerSecond }) => sequencesPerSecond);
}

function notes(results: readonly StepResult[]): string[] {
  return results.flatMap(({ contestant, note }) => note === undefined ? [] : [`  ${contestant.name}: ${note}`]);
}
