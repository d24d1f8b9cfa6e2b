/** A run's directory with a finished model of random weights, and `predict` asked about it in this process. */
import { join } from "node:path";
import { predictCommand } from "../../lib/cli/commands/predict.ts";
import { type Config, trainingConfig } from "../../lib/config/schema.ts";
import type { PreprocessingJson } from "../../lib/data/encode/preprocessing.ts";
import { InputError } from "../../lib/base/errors.ts";
import type { Rejection } from "../../lib/model/rejection.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { taskModel } from "../../lib/model/task_model.ts";
import { writeModel } from "../../lib/run/files/model_files.ts";
import { bytesOf } from "../data/reading.ts";
// Commands in this process load the native kernels that are built, and keep them: they are open before a test begins.
import "../engine/native/libraries.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { tinyRunConfig } from "../run/tiny_run.ts";
import { fakeTerminal } from "./terminal/fake_terminal.ts";

export const LABELS = ["odd", "even"];

/** Preprocessing of a model that reads four words of a text, and knows these. */
export const WORDS: PreprocessingJson = {
  tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
  vocabulary: ["the", "kettle", "was", "lovely", "lamp", "broken"],
  maxLength: 4,
  truncate: "end",
};

/** Gives `use` a folder, `run` in it with a model, and what `predict` says: a class for a sequence of ids. */
export async function withModel(
  preprocessing: PreprocessingJson | undefined,
  use: (folder: string, run: string) => Promise<void>,
  { labels = LABELS, change = {}, rejection }: {
    readonly labels?: readonly string[];
    readonly change?: Partial<Config>;
    readonly rejection?: Rejection;
  } = {},
): Promise<void> {
  await inTemporaryDirectory(async (folder) => {
    const run = join(folder, "run");
    const config = trainingConfig({ ...tinyRunConfig(folder, { seed: 8 }), ...change });
    const { spec, layout } = taskModel(config);
    const weights = initialWeights(spec, layout, config);
    const version = { round: 1, digest: "d1ge57", weights, rejection };
    await writeModel(run, { run: "r1", config, labels, version, ...preprocessing && { preprocessing } });
    await Deno.writeTextFile(join(run, "run.json"), "{}");
    await use(folder, run);
  });
}

export interface Said {
  /** The exit code, or what is wrong with the input. */
  readonly end: number | string;
  readonly out: string;
  readonly notes: readonly string[];
}

/** Returns the answer of `predict` to `input`, a text or chunks that arrive one by one. */
export async function ask(
  args: readonly string[],
  input: string | Uint8Array | AsyncIterable<Uint8Array> = "",
): Promise<Said> {
  const terminal = fakeTerminal();
  const said = () => ({ out: terminal.stdout(), notes: terminal.stderr().split("\n").slice(0, -1) });
  const chunks = typeof input === "string" || input instanceof Uint8Array ? one(bytesOf(input)) : input;
  try {
    const end = await predictCommand(args, { terminal, input: chunks });
    return { end, ...said() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { end: error.message, ...said() };
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  if (bytes.length > 0) yield await Promise.resolve(bytes);
}

/** The JSON in each line of `out`. */
export function answersOf({ out }: Pick<Said, "out">): Record<string, unknown>[] {
  return out.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}
