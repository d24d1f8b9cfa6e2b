/** Measures the seconds until the default recipe has learnt its task. */
import { flagName } from "../../lib/report/flag_name.ts";
import type { Config } from "../../lib/config/schema.ts";
import { summarySchema } from "../../lib/base/events.ts";
import { reasonText, StopReason } from "../../lib/lockstep/memory/control.ts";
import { listRuns } from "../../lib/run/files/directory.ts";
import { output } from "../command.ts";
import { alternate } from "../measure.ts";
import { learnParity, type PytorchOptions } from "../peers/pytorch.ts";

/** Describes one training. */
interface RecipeMetrics {
  readonly seed: number;
  /** The time from the first step to the evaluation that met the target. */
  readonly seconds: number;
  /** The time from the start of the process to its end. */
  readonly processSeconds: number;
  readonly steps: number;
  readonly reached: boolean;
}

interface RecipeContestant {
  readonly name: string;
  readonly baseline: boolean;
  train(seed: number): Promise<Pick<RecipeMetrics, "seconds" | "steps" | "reached">>;
}

export interface RecipeResult {
  readonly contestant: RecipeContestant;
  /** One per seed. */
  readonly metrics: readonly RecipeMetrics[];
}

const ROOT = new URL("../../", import.meta.url);

/** Runs `deno task train --exit`, with the config of `engine`. It ends after `maxSeconds` at the latest. */
export function lockstepRecipe(name: string, engine: Partial<Config>, maxSeconds: number): RecipeContestant {
  const changes = Object.entries(engine).flatMap(([key, value]) => [`--${flagName(key)}`, value]);
  return {
    name,
    baseline: false,
    async train(seed) {
      const runsDir = `runs/bench-${crypto.randomUUID()}`;
      const flags = ["--seed", seed, "--max-seconds", maxSeconds, "--port", 0, "--runs-dir", runsDir, ...changes];
      try {
        await output(Deno.execPath(), ["task", "-q", "train", "--exit", ...flags.map(String)], ROOT);
        const directory = new URL(`${runsDir}/`, ROOT);
        const [run] = await listRuns(runsDir);
        const summary = await Deno.readTextFile(new URL(`${run}/summary.json`, directory));
        const { seconds, steps, reason } = summarySchema.parse(JSON.parse(summary));
        return { seconds, steps, reached: reason === reasonText(StopReason.target) };
      } finally {
        await Deno.remove(new URL(runsDir, ROOT), { recursive: true });
      }
    },
  };
}

export function pytorchRecipe(name: string, options: PytorchOptions): RecipeContestant {
  return { name, baseline: true, train: (seed) => learnParity(options, seed) };
}

/** Trains every contestant with the seeds 1 to `seeds`, in turns. One that misses the target gets no further turn. */
export async function measureRecipe(
  contestants: readonly RecipeContestant[],
  seeds: number,
  progress: (text: string) => void,
): Promise<RecipeResult[]> {
  const results = contestants.map((contestant) => ({ contestant, metrics: new Array<RecipeMetrics>() }));
  await alternate(results, seeds, async ({ contestant, metrics }, repeat) => {
    const seed = repeat + 1;
    progress(`recipe: ${contestant.name}, seed ${seed} of ${seeds}`);
    const started = performance.now();
    const { seconds, steps, reached } = await contestant.train(seed);
    metrics.push({ seed, seconds, steps, reached, processSeconds: (performance.now() - started) / 1000 });
    return reached;
  });
  return results;
}
