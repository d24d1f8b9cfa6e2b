/** `predict RUN [TEXT …]` classifies its arguments, the lines of standard input, or the rows of files. */
import { counted, percent } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import { z } from "zod";
import { rowShape } from "../../config/data_shape.ts";
import { FORMATS } from "../../formats/rows.ts";
import { flagsOf } from "../arguments/flags.ts";
import { configPaths, configSchema } from "../../config/schema.ts";
import { inputError } from "../../base/errors.ts";
import { parseIds, type Question, questionsByLine, questionsByRow } from "../../predict/questions.ts";
import { createReader } from "../../predict/reader.ts";
import { openSaved } from "../../predict/batch_predictor.ts";
import type { Input, Prediction } from "../../predict/types.ts";
import { printableExcerpt, printableJson } from "../../base/printable.ts";
import { openModel } from "../../run/open_model.ts";
import { dataFiles, parseArguments, parseOptions, rejectOf } from "../arguments/arguments.ts";
import { fromCaller } from "../arguments/caller.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { kernelsOf, openKernels } from "../arguments/kernels.ts";
import { PROGRAM } from "../arguments/program.ts";
import { namedRun } from "../arguments/run_argument.ts";
import { restrictReading } from "../arguments/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} predict RUN [TEXT or TOKEN … | --data FILE …]`;

const HELP = `
Without a text or a file, each line of standard input is classified: a text, or a JSON
object with "text" or "tokens". Each line is answered at once with a line of JSON.
--data reads files as training does (- for standard input), without needing labels,
and answers each row with a line of its number, label and probabilities by name.
--reject 0.95 gives no label to rows that are less sure than such answers must be.
A bad line or row is answered with its "line" and an "error", the others are answered,
and the exit code is 2. Put texts that begin with a dash, or have the name of a file,
behind --:

  ${PROGRAM} predict runs/latest -- "-5 stars"
`;

const optionsSchema = z.strictObject({
  ...rowShape,
  reject: configSchema.shape.reject,
  kernels: configSchema.shape.kernels,
  data: configSchema.shape.data.describe("files of rows to classify, or - for standard input"),
});
const own = flagsOf(optionsSchema);

/** Predicts at most this many lines or rows in one call. */
const BATCH = 256;

/** Warns if at least this share of the tokens is unknown. */
const MOSTLY_UNKNOWN = 0.5;

interface PredictIo {
  readonly terminal: Terminal;
  /** Standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** Returns the help of `predict`, with every flag and its default. */
export function predictHelp(): string {
  return `${commandHelp(USAGE, own)}${HELP}`;
}

/** Prints one sentence for the text in the arguments, or one JSON line for each line or row. */
export async function predictCommand(args: readonly string[], { terminal, input }: PredictIo): Promise<ExitCode> {
  const end = args.indexOf("--");
  const [before, behind] = end < 0 ? [args, undefined] : [args.slice(0, end), args.slice(end + 1)];
  refuseDashes(before);
  const { values, help, positionals: [path, ...words] } = parseArguments(before, own, []);
  if (help) {
    terminal.write(predictHelp());
    return ExitCode.done;
  }
  if (path === undefined) throw inputError("run", `No run is named. Usage: ${USAGE}`);
  const directory = await namedRun(path);
  const { config, labels, version, preprocessing, run } = await openModel(directory);
  const reader = createReader(config, preprocessing);
  const reject = rejectOf(values);
  const native = openKernels(kernelsOf(values), terminal);
  const predict = await openSaved({ config, labels, version, preprocessing }, BATCH, reject, native);

  const files = await filesOf(values.data, words, behind);
  restrictReading({ data: files ?? [] }, configPaths, [directory]);
  const texts = [...files ? [] : words, ...behind ?? []];
  if (texts.length > 0) {
    const text = texts.join(" ");
    const input = reader.text ? reader.readText(text, "the text") : reader.readTokens(parseIds(text), "the sequence");
    const answer = predict([input])[0]!;
    terminal.line(sentence(answer, labels));
    const unknown = answer.unknownShare ?? 0;
    if (unknown >= MOSTLY_UNKNOWN) {
      terminal.note(
        `warning: ${percent(unknown, 0)} of the text's tokens are unknown to the model: the answer is not reliable`,
      );
    }
    return ExitCode.done;
  }

  const { round, digest } = version;
  const lineAnswer: Answerer = (answer) => ({ ...answer, round, digest });
  if (!files) return await answerAll(questionsByLine(input, reader, config), predict, lineAnswer, terminal);

  if (!preprocessing) {
    const message = `Run ${run} was not trained on files, so it cannot read rows`;
    throw inputError("run", message);
  }
  // Files are read as the run's own files were, except for the given flags.
  const like = Object.fromEntries(Object.entries(config).filter(([key]) => own.some((flag) => flag.key === key)));
  const options = parseOptions(optionsSchema, { ...like, ...values, data: files });
  const rowAnswer: Answerer = ({ class: _, label, rejected, probabilities, ...flags }, { file, line }, row) => ({
    ...files.length > 1 && { file },
    row,
    line,
    label,
    ...rejected && { rejected },
    probabilities: Object.fromEntries(probabilities.map((probability, index) => [labels[index]!, probability])),
    ...flags,
  });
  return await answerAll(questionsByRow(options.data, input, reader, options), predict, rowAnswer, terminal);
}

/** Returns the JSON for a prediction; `row` counts all questions from 1. */
type Answerer = (answer: Prediction, question: Question, row: number) => object;

/** Prints a line of JSON for each question, in order. Throws an InputError at the end if some were refused. */
async function answerAll(
  batches: AsyncIterable<readonly Question[]>,
  predict: (inputs: readonly Input[]) => Prediction[],
  answerer: Answerer,
  { write }: Terminal,
): Promise<ExitCode> {
  let rows = 0;
  let refused = 0;
  let first = "";
  for await (const batch of batches) {
    for (let begin = 0; begin < batch.length; begin += BATCH) {
      const questions = batch.slice(begin, begin + BATCH);
      const answers = predict(questions.flatMap((question) => "input" in question ? [question.input] : []));
      let answered = 0;
      const lines = questions.map((question) => {
        rows++;
        if ("input" in question) return printableJson(answerer(answers[answered++]!, question, rows));
        if (refused++ === 0) first = question.error;
        return printableJson({ line: question.line, error: question.error });
      });
      write(`${lines.join("\n")}\n`);
    }
  }
  if (refused === 0) return ExitCode.done;
  const message = `${refused} of ${counted(rows, "line")} ${
    refused === 1 ? "was" : "were"
  } refused, the first: ${first}`;
  throw inputError("line", message);
}

/** Throws an InputError for a text that looks like a flag: `-5 stars`. */
function refuseDashes(args: readonly string[]): void {
  const text = args.find((arg) => /^-[^-]/.test(arg) || /^--\S*\s/.test(arg) && !/^--[a-z-]+=/.test(arg));
  if (text === undefined) return;
  const message = `${JSON.stringify(text)} begins with a dash, as flags do: put texts behind --, as in ` +
    `${PROGRAM} predict RUN -- ${JSON.stringify(text)}`;
  throw inputError(text, message);
}

/** Matches names of files that are probably meant to be read, not classified. */
const FILE_NAME = new RegExp(
  `^\\S+\\.(${[...FORMATS.flatMap(({ extensions }) => extensions), "json", "txt", "xlsx"].join("|")})(\\.gz)?$`,
  "i",
);

/**
 * Returns the files whose rows are to be classified: those of `--data`, or the arguments if all of them are files. Throws
 * an InputError if only some arguments are files, or if the only one looks like a file that does not exist.
 */
async function filesOf(
  data: unknown,
  words: readonly string[],
  behind: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const refuse = (name: string, what: string) => {
    const message = `${JSON.stringify(name)} ${what}: use --data FILE to classify the rows of a file, ` +
      "or put a text with this name behind --";
    return inputError(name, message);
  };
  if (data !== undefined) {
    const files = dataFiles(data, words);
    if (behind) throw refuse(behind.join(" "), "is a text, which --data does not allow");
    return files;
  }
  const isFile = await Promise.all(words.map(isFileName));
  if (words.length > 0 && isFile.every(Boolean) && !behind) return dataFiles([], words);
  const strange = words.find((word, index) => isFile[index] || (words.length === 1 && FILE_NAME.test(word)));
  if (strange === undefined) return undefined;
  throw refuse(
    strange,
    isFile.some(Boolean) ? "is a file, but not all arguments are" : "is not an existing file",
  );
}

/** Tells whether `word` is the name of a file. */
async function isFileName(word: string): Promise<boolean> {
  try {
    return (await stat(fromCaller(word))).isFile();
  } catch (error) {
    // Reading the file later reports the missing permission.
    return error instanceof Deno.errors.NotCapable && FILE_NAME.test(word);
  }
}

function sentence({ class: best, label, rejected, probabilities }: Prediction, labels: readonly string[]): string {
  const shares = probabilities.map((probability, index) =>
    `${printableExcerpt(labels[index]!)} ${percent(probability)}`
  );
  const answer = rejected
    ? `none of these, as ${rejected.class} (${printableExcerpt(rejected.label)}) has less than ` +
      percent(rejected.threshold)
    : `${best} (${printableExcerpt(label ?? "")})`;
  return `Class: ${answer} - Probabilities: ${shares.join(", ")}`;
}
