/**
 * Runs `deno task bench:text FILE`: measures training on the rows of a file, with the model and the batches that
 * `train --data FILE` uses by default, beside PyTorch on the same encoded rows. PyTorch has no letters of words, so Lockstep
 * also trains without them. Takes turns, prints medians.
 */
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { KERNEL_CHOICES } from "../../lib/config/kernels.ts";
import { textDefaults } from "../../lib/config/text_defaults.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { trainingConfig } from "../../lib/config/schema.ts";
import { tableConfig } from "../../lib/data/batches/table_config.ts";
import type { TrainingData } from "../../lib/data/batches/table.ts";
import { errorMessage } from "../../lib/base/errors.ts";
import { dataSize } from "../../lib/run/training/open_training.ts";
import { readRunData } from "../../lib/run/training/reload_data.ts";
import type { RunData } from "../../lib/run/training/run_data.ts";
import { environment, environmentLines } from "../environment.ts";
import { measureRounds } from "./lockstep.ts";
import { failedTurn } from "../command.ts";
import { alternate, median, stagesOf } from "../measure.ts";
import { findPytorch, measurePytorchText } from "../peers/pytorch.ts";
import { type SimdEngine, simdEngines } from "./engines.ts";
import { PYTORCH } from "./contestants.ts";
import { significant, table } from "../table.ts";

const HELP = `Usage: deno task bench:text FILE [--seconds 4] [--repeats 5] [--kernels auto,wasm]

FILE holds labelled texts, as for deno task train --data.
`;

interface Contestant {
  readonly name: string;
  readonly family: "Lockstep" | "PyTorch";
  readonly measure: () => Promise<number>;
  readonly values: number[];
}

const print = (lines: readonly string[]) => Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));

/** Keeps only one validation row: PyTorch evaluates nothing between its epochs either. */
function hardlyHeldOut(data: TrainingData): TrainingData {
  const { tokens, offsets, labels } = data.validation;
  return {
    ...data,
    validation: { tokens: tokens.slice(0, offsets[1]), offsets: offsets.slice(0, 2), labels: labels.slice(0, 1) },
  };
}

/** Trains the model of PyTorch, and the default one if its words have letters as well. */
function lockstepContestants(read: RunData, kernels: readonly SimdEngine[], seconds: number): Contestant[] {
  const defaults = textDefaults(dataSize({ tokenizer: "words" }, read));
  const data = hardlyHeldOut(read.data);
  const models = [{ letterRows: 0 }, ...defaults.letterRows > 0 ? [{}] : []].map((change) => {
    const config = resolveConfig(undefined, [{ values: { data: ["-"] }, nameOf: (key) => key }], {
      ...defaults,
      ...change,
      epochs: 1_000_000,
      schedule: "constant",
    });
    return tableConfig(trainingConfig(config), data);
  });
  const rows = data.training.labels.length;
  const uses = models.flatMap((training) =>
    kernels.flatMap(({ name, native }) => [1, 2].map((workers) => ({ training, name, native, workers })))
  );
  return uses.map(({ training, name, native, workers }): Contestant => ({
    name: `${name}, ${workers} worker${workers === 1 ? "" : "s"}${training.letterRows > 0 ? ", letters" : ""}`,
    family: "Lockstep",
    values: [],
    async measure() {
      const lockstep = { training, data, native, workers, workerTimeoutMs: 600_000, maxRestarts: 0, chaos: {} };
      // The last step of an epoch is smaller.
      const sequences = rows / training.stepsPerEpoch;
      const spin = workers <= navigator.hardwareConcurrency;
      return (await measureRounds({ ...lockstep, spin }, sequences, stagesOf(seconds, 600))).sequencesPerSecond;
    },
  }));
}

function pytorchContestants({ data }: RunData, folder: string, seconds: number): Contestant[] {
  const flags = { vocabulary: data.vocabulary, classes: data.labels.length, seconds };
  return PYTORCH.flatMap(({ name, options }) =>
    [false, true].filter((sparse) => !sparse || options.processes === 1).map((sparse): Contestant => ({
      name: `${name}${sparse ? ", sparse" : ""}`,
      family: "PyTorch",
      values: [],
      measure: () => measurePytorchText(options, folder, { ...flags, ...sparse && { sparse } }),
    }))
  );
}

/** Writes the training rows as int32, which the peer reads. */
async function writeRows({ data: { training } }: RunData, folder: string): Promise<void> {
  for (const [name, values] of Object.entries(training)) {
    await Deno.writeFile(`${folder}/${name}.bin`, new Uint8Array(Int32Array.from(values).buffer));
  }
}

async function bench(file: string, choices: string, seconds: number, repeats: number): Promise<void> {
  const kernels = simdEngines(z.array(z.enum(KERNEL_CHOICES)).parse(choices.split(",")));
  const pytorch = await findPytorch();
  await print(environmentLines(environment(pytorch, kernels)));
  if ("reason" in pytorch) await print([pytorch.reason]);
  const read = await readRunData(resolveConfig(undefined, [{ values: { data: [file] }, nameOf: (key) => key }]));
  const folder = await Deno.makeTempDir();
  try {
    await writeRows(read, folder);
    const peers = "version" in pytorch ? pytorchContestants(read, folder, seconds) : [];
    const contestants = [...lockstepContestants(read, kernels, seconds), ...peers];
    const failures: string[] = [];
    await alternate(contestants, repeats, async ({ name, measure, values }, repeat) => {
      try {
        values.push(await measure());
      } catch (error) {
        failures.push(`${name} ${failedTurn(error, repeat)}`);
      }
      return true;
    });
    const hasValues = ({ values }: { readonly values: readonly number[] }) => values.length > 0;
    const rivals = peers.filter(hasValues);
    const best = Math.max(...rivals.map(({ values }) => median(values)));
    const rows = contestants.filter(hasValues).map(({ name, values }) => {
      const rate = median(values);
      return [name, significant(rate), ...rivals.length > 0 ? [significant(rate / best)] : []];
    });
    const { training, vocabulary } = read.data;
    const tokens = training.tokens.length / training.labels.length;
    await print([
      "",
      `${training.labels.length} rows of ${significant(tokens)} tokens, vocabulary ${vocabulary}`,
      ...table(["training", "sequences/s", ...rivals.length > 0 ? ["÷ PyTorch's best"] : []], rows),
      ...failures,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const { help, kernels, seconds, repeats, _: [file] } = parseArgs(Deno.args, {
  boolean: ["help"],
  string: ["kernels", "seconds", "repeats"],
});
if (help === true || file === undefined) await print([HELP.trimEnd()]);
else {
  try {
    await bench(String(file), String(kernels ?? "auto"), Number(seconds ?? 4), Number(repeats ?? 5));
  } catch (error) {
    await Deno.stderr.write(new TextEncoder().encode(`error: ${errorMessage(error)}\n`));
    Deno.exitCode = 1;
  }
}
