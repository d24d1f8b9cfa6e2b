/** What was measured as tables. */
import type { ScalingContestant } from "./train/contestants.ts";
import { median, ratioOf } from "./measure.ts";
import type { RecipeResult } from "./train/recipe.ts";
import { flopsPerSequence, shapeName } from "./train/shapes.ts";
import { medianOf, type StepResult } from "./train/compare_steps.ts";
import { figure, percent, table } from "./table.ts";

/** One table for one core and one for each other number of cores, of the results of one shape. */
export function stepTables(results: readonly StepResult[]): string[] {
  const shape = results[0]?.shape;
  if (!shape) return [];
  const cores = [...new Set(results.map(({ contestant }) => contestant.cores))].sort((a, b) => a - b);
  const tables = cores.flatMap((count) => {
    const group = results.filter(({ contestant }) => contestant.cores === count);
    const baselines = group.filter(({ contestant, figures }) => contestant.baseline && figures.length > 0);
    const head = [
      count === 1 ? "one core" : `${count} cores`,
      "ms/step",
      "sequences/s",
      "GFLOP/s",
      "wait",
      "averaging",
      ...baselines.map(({ contestant }) => `÷ ${contestant.title}`),
    ];
    const rows = group.filter(({ figures }) => figures.length > 0).map((result) => {
      const rate = medianOf(result, "sequencesPerSecond");
      return [
        result.contestant.name,
        figure(medianOf(result, "msPerStep")),
        figure(rate),
        figure(rate && rate * flopsPerSequence(shape) / 1e9),
        percent(medianOf(result, "wait")),
        percent(medianOf(result, "average")),
        ...baselines.map((baseline) => figure(ratioOf(rates(result), rates(baseline)).ratio)),
      ];
    });
    return ["", ...table(head, rows), ...notes(group)];
  });
  return ["", shapeName(shape), ...tables];
}

/** How many times as many sequences a second two workers take as one, and as two runs of one worker at the same time. */
export function scalingTable(results: readonly StepResult<ScalingContestant>[]): string[] {
  const rows = results.flatMap((one) => {
    if (one.contestant.scaling !== "one") return [];
    const beside = (scaling: ScalingContestant["scaling"]) =>
      results.find(({ contestant, shape }) =>
        shape === one.shape && contestant.family === one.contestant.family && contestant.scaling === scaling
      );
    const two = beside("two"), apart = beside("apart");
    if (!one.figures.length || !two?.figures.length || !apart?.figures.length) return [];
    const { paired, quartiles: [low, high] } = ratioOf(rates(two), rates(one));
    return [[
      shapeName(two.shape),
      two.contestant.family,
      figure(medianOf(one, "sequencesPerSecond")),
      figure(medianOf(two, "sequencesPerSecond")),
      figure(paired),
      `${figure(low)} to ${figure(high)}`,
      figure(medianOf(apart, "sequencesPerSecond")),
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

/** Seconds until the target is met. A contestant that missed it has no figure, only a note. */
export function recipeTable(results: readonly RecipeResult[]): string[] {
  const reached = results.filter(({ figures }) => figures.length > 0 && figures.every((figures) => figures.reached));
  const baselines = reached.filter(({ contestant }) => contestant.baseline);
  const head = ["default recipe", "seconds", "whole process", "steps", "seeds"];
  const rows = reached.map((result) => {
    const { contestant, figures } = result;
    return [
      contestant.name,
      figure(median(seconds(result))),
      figure(median(figures.map(({ processSeconds }) => processSeconds))),
      figure(median(figures.map(({ steps }) => steps))),
      String(figures.length),
      // Times, so the baseline's over its own: above 1 is faster than the baseline.
      ...baselines.map((baseline) => figure(ratioOf(seconds(baseline), seconds(result)).ratio)),
    ];
  });
  const missed = results.filter((result) => !reached.includes(result)).map(({ contestant, figures }) => {
    const last = figures.at(-1)!;
    return `  ${contestant.name}: missed the target with seed ${last.seed}, ${last.steps} steps in ${
      figure(last.seconds)
    } s`;
  });
  return ["", ...table([...head, ...baselines.map(({ contestant }) => `÷ ${contestant.name}`)], rows), ...missed];
}

function seconds({ figures }: RecipeResult): number[] {
  return figures.map(({ seconds }) => seconds);
}

function rates({ figures }: StepResult): number[] {
  return figures.map(({ sequencesPerSecond }) => sequencesPerSecond);
}

function notes(results: readonly StepResult[]): string[] {
  return results.flatMap(({ contestant, note }) => note === undefined ? [] : [`  ${contestant.name}: ${note}`]);
}
