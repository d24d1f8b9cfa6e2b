/** Runs `deno task bench`: measures the product beside its peers in one run, in turns, and prints medians. */
import type { TrainingConfig } from "../../lib/config/schema.ts";
import { errorMessage, InputError } from "../../lib/base/errors.ts";
import {
  engineContestants,
  PYTORCH,
  pytorchContestants,
  type ScalingContestant,
  scalingContestants,
  stockTfjsContestants,
} from "./contestants.ts";
import { environment, environmentLines } from "../environment.ts";
import { type BenchOptions, HELP, parseFlags } from "../flags.ts";
import { stagesOf } from "../measure.ts";
import { findPytorch } from "../peers/pytorch.ts";
import { lockstepRecipe, measureRecipe, pytorchRecipe, type RecipeResult } from "./recipe.ts";
import { recipeTable, scalingTable, stepTables } from "../report.ts";
import { type SimdEngine, simdEngines, withKernels } from "./engines.ts";
import { flopsPerStep } from "./shapes.ts";
import { measureSteps, type StepResult } from "./compare_steps.ts";

/** Limits a training to this many times the limit of the measurement of a step. */
const TRAINING_LIMITS = 10;

const encoder = new TextEncoder();
const print = (lines: readonly string[]) => void Deno.stdout.writeSync(encoder.encode(`${lines.join("\n")}\n`));
const complain = (text: string) => void Deno.stderr.writeSync(encoder.encode(text));
/** Shows the current measurement in one line of a terminal. */
const progress = (text: string) => {
  if (Deno.stderr.isTerminal()) complain(`\r\x1b[K${text}`);
};

async function bench(options: BenchOptions): Promise<void> {
  const { sections, json } = options;
  const has = (section: BenchOptions["sections"][number]) => sections.includes(section);
  const pytorch = has("step") || has("recipe") ? await findPytorch() : undefined;
  const withPytorch = pytorch !== undefined && "version" in pytorch;
  const kernels = simdEngines(options.kernels);
  const engines = withKernels(options.engines, kernels);
  const where = environment(pytorch, kernels);
  print(environmentLines(where));
  if (pytorch && "reason" in pytorch) print([pytorch.reason]);

  const steps: StepResult[] = [];
  const { shapes, repeats } = options;
  const stages = stagesOf(options.seconds, options.limitSeconds, options.warmUpSeconds);
  const measured = { shapes, repeats, stages, progress };
  if (has("step")) {
    const peers = [...stockTfjsContestants(), ...(withPytorch ? pytorchContestants() : [])];
    for await (const results of measureSteps({ ...measured, contestants: [...engineContestants(engines), ...peers] })) {
      progress("");
      print(stepTables(results));
      steps.push(...results);
    }
  }
  if (has("scaling")) {
    const scaling: StepResult<ScalingContestant>[] = [];
    for await (const results of measureSteps({ ...measured, contestants: scalingContestants(engines) })) {
      scaling.push(...results);
    }
    progress("");
    print(scalingTable(scaling));
    steps.push(...scaling);
  }

  let recipe: RecipeResult[] = [];
  if (has("recipe")) {
    recipe = await measureRecipe(recipeContestants(options, kernels, withPytorch), options.repeats, progress);
    progress("");
    print(recipeTable(recipe));
  }
  if (json !== undefined) {
    await Deno.writeTextFile(json, `${JSON.stringify(measurements(where, options, steps, recipe))}\n`);
  }
}

function recipeContestants(
  { engines, enginesGiven, limitSeconds }: BenchOptions,
  kernels: readonly SimdEngine[],
  withPytorch: boolean,
) {
  const limit = TRAINING_LIMITS * limitSeconds;
  const simd = (config: Partial<TrainingConfig>) =>
    kernels.map(({ name, choice }) => lockstepRecipe(name, { ...config, kernels: choice }, limit));
  const product = enginesGiven
    ? engines.flatMap(({ name, config }) =>
      config.engine === "simd" ? simd(config) : [lockstepRecipe(name, config, limit)]
    )
    : simd({});
  return [
    ...product,
    ...(withPytorch ? PYTORCH : []).filter(({ options }) => options.processes === 1)
      .map(({ name, options }) => pytorchRecipe(name, options)),
  ];
}

/** Returns all measurements, for computations of the reader's own. */
function measurements(
  where: ReturnType<typeof environment>,
  { seconds, repeats }: BenchOptions,
  steps: readonly StepResult[],
  recipe: readonly RecipeResult[],
) {
  return {
    environment: where,
    seconds,
    repeats,
    steps: steps.map(({ contestant: { name, cores }, shape, metrics, note }) => ({
      name,
      cores,
      shape,
      flopsPerStep: flopsPerStep(shape),
      figures: metrics,
      ...(note !== undefined && { note }),
    })),
    recipe: recipe.map(({ contestant: { name }, metrics }) => ({ name, figures: metrics })),
  };
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseFlags(args);
    if (options.help) print([HELP.trimEnd()]);
    else await bench(options);
    return 0;
  } catch (error) {
    if (error instanceof InputError) {
      for (const { message } of error.problems) complain(`error: ${message}\n`);
      return 2;
    }
    complain(`error: ${errorMessage(error)}\n`);
    return 1;
  }
}

// Threads that are still within a step would keep the process from ending by itself.
if (import.meta.main) Deno.exit(await main(Deno.args));
