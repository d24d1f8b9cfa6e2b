/** `predict RUN [TEXT …]`: a text or a sequence from the arguments, or one a line from standard input. */
import { InputError } from "../errors.ts";
import { createReader, type Reader, type Reading } from "../predict/reader.ts";
import { openSaved } from "../predict/saved.ts";
import type { Prediction } from "../predict/types.ts";
import { resolveRun } from "../run/directory.ts";
import { readModel } from "../run/model_files.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";

const USAGE = "deno task predict RUN [TEXT or TOKEN …]   (without: one a line from standard input)";

/** Lines of standard input that are predicted in one call. */
const BATCH = 256;

export interface PredictIo {
  /** The lines of standard input. */
  readonly lines: AsyncIterable<string>;
  readonly print: (line: string) => void;
}

/** Prints one sentence for the sequence in the arguments, or one JSON line for each line of standard input. */
export async function predictCommand(args: readonly string[], { lines, print }: PredictIo): Promise<ExitCode> {
  const { positionals: [path, ...words], help } = parseArguments(args, [], []);
  if (help) {
    print(commandHelp(USAGE, []).trimEnd());
    return ExitCode.done;
  }
  if (path === undefined) throw new InputError([{ field: "run", message: `No run is named. Usage: ${USAGE}` }]);
  const { config, labels, version, preprocessing } = await readModel(await resolveRun(path));
  const reader = createReader(config, preprocessing);
  const predict = await openSaved({ config, labels, version }, BATCH);
  if (words.length > 0) {
    const reading = read(words.join(" "), reader, reader.text ? "the text" : "the sequence");
    for (const answer of predict([reading.tokens])) print(sentence(answer, labels));
    return ExitCode.done;
  }
  let waiting: Reading[] = [];
  const { round, digest } = version;
  const flush = () => {
    const answers = predict(waiting.map(({ tokens }) => tokens));
    for (const [index, answer] of answers.entries()) {
      print(JSON.stringify({ ...answer, ...waiting[index]!.flags, round, digest }));
    }
    waiting = [];
  };
  let number = 0;
  let bad: InputError | undefined;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    try {
      waiting.push(read(line, reader, `line ${number}`));
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

/** `line` as a text, or as the token ids that it lists. */
function read(line: string, reader: Reader, field: string): Reading {
  if (reader.text) return reader.readText(line, field);
  const words = line.trim().split(/[\s,]+/);
  return reader.readTokens(words.map((word) => /^[+-]?\d+$/.test(word) ? Number(word) : word), field);
}

function sentence({ class: best, label, probabilities }: Prediction, labels: readonly string[]): string {
  const shares = probabilities.map((probability, index) => `${labels[index]} ${(100 * probability).toFixed(2)}%`);
  return `Class: ${best} (${label}) - Probabilities: ${shares.join(", ")}`;
}
