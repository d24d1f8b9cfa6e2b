/** `predict RUN [TOKEN …]`: one sequence from the arguments, or one a line from standard input. */
import { sequenceProblem } from "../data/sequences.ts";
import { InputError, type Problem } from "../errors.ts";
import { openSaved } from "../predict/saved.ts";
import type { ModelShape, Prediction } from "../predict/types.ts";
import { resolveRun } from "../run/directory.ts";
import { readModel } from "../run/model_files.ts";
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
  const { run, config, labels, version } = await readModel(await resolveRun(path));
  const { vocabulary, length } = config;
  const info: ModelShape = { run, labels, vocabulary, length };
  const predict = await openSaved({ config, labels, version }, BATCH);
  if (tokens.length > 0) {
    for (const answer of predict([parseSequence(tokens, info, "the sequence")])) print(sentence(answer, info));
    return ExitCode.done;
  }
  let waiting: number[][] = [];
  const { round, digest } = version;
  const flush = () => {
    for (const answer of predict(waiting)) print(JSON.stringify({ ...answer, round, digest }));
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
    if (waiting.length === BATCH) flush();
  }
  // What came before a bad line is answered before the line is refused.
  flush();
  if (bad) throw bad;
  return ExitCode.done;
}

function parseSequence(words: readonly string[], info: ModelShape, field: string): number[] {
  const tokens = words.map((word) => /^[+-]?\d+$/.test(word) ? Number(word) : word);
  const problem: Problem | undefined = sequenceProblem(tokens, info, field);
  if (problem) throw new InputError([problem]);
  return tokens.map(Number);
}

function sentence({ class: best, label, probabilities }: Prediction, { labels }: ModelShape): string {
  const shares = probabilities.map((probability, index) => `${labels[index]} ${(100 * probability).toFixed(2)}%`);
  return `Class: ${best} (${label}) - Probabilities: ${shares.join(", ")}`;
}
