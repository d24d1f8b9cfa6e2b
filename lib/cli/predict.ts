/** `predict RUN [TOKEN …]`: one sequence from the arguments, or one a line from standard input. */
import { sequenceProblem } from "../data/sequences.ts";
import { InputError, type Problem } from "../errors.ts";
import { resolveRun } from "../run/directory.ts";
import { readModel } from "../run/model_files.ts";
import { createPredictor } from "../run/predictor.ts";
import type { ModelInfo, Prediction } from "../run/types.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";

const USAGE = "deno task predict RUN [TOKEN …]   (without tokens: one sequence a line from standard input)";

/** Lines of standard input that are predicted in one call. */
const BATCH = 256;

export interface PredictIo {
  /** The lines of standard input. */
  readonly lines: AsyncIterable<string>;
  readonly print: (line: string) => void;
}

/** Prints one sentence for the sequence in the arguments, or one JSON line for each line of standard input. */
export async function predictCommand(args: readonly string[], { lines, print }: PredictIo): Promise<ExitCode> {
  const { positionals: [path, ...tokens], help } = parseArguments(args, [], []);
  if (help) {
    print(commandHelp(USAGE, []).trimEnd());
    return ExitCode.done;
  }
  if (path === undefined) throw new InputError([{ field: "run", message: `No run is named. Usage: ${USAGE}` }]);
  const model = await readModel(await resolveRun(path));
  const predictor = createPredictor(model, () => Promise.resolve(model.version));
  const info = await predictor.model();
  if (tokens.length > 0) {
    const { predictions } = await predictor.predict([parseSequence(tokens, info, "the sequence")]);
    for (const prediction of predictions) print(sentence(prediction, info));
    return ExitCode.done;
  }
  let waiting: number[][] = [];
  const flush = async () => {
    if (waiting.length === 0) return;
    const { predictions, round, digest } = await predictor.predict(waiting);
    for (const prediction of predictions) print(JSON.stringify({ ...prediction, round, digest }));
    waiting = [];
  };
  let number = 0;
  let bad: InputError | undefined;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    try {
      waiting.push(parseSequence(line.trim().split(/[\s,]+/), info, `line ${number}`));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      bad = error;
      break;
    }
    if (waiting.length === BATCH) await flush();
  }
  // What came before a bad line is answered before the line is refused.
  await flush();
  if (bad) throw bad;
  return ExitCode.done;
}

function parseSequence(words: readonly string[], info: ModelInfo, field: string): number[] {
  const tokens = words.map((word) => /^[+-]?\d+$/.test(word) ? Number(word) : word);
  const problem: Problem | undefined = sequenceProblem(tokens, info, field);
  if (problem) throw new InputError([problem]);
  return tokens.map(Number);
}

function sentence({ class: best, label, probabilities }: Prediction, { labels }: ModelInfo): string {
  const shares = probabilities.map((probability, index) => `${labels[index]} ${(100 * probability).toFixed(2)}%`);
  return `Class: ${best} (${label}) - Probabilities: ${shares.join(", ")}`;
}
