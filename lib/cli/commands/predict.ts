/** `predict RUN [TEXT …]`: a text or a sequence from the arguments, one a line from standard input, or rows of files. */
import { counted } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import { READ_KEYS } from "../../config/data_shape.ts";
import { flagsOf } from "../arguments/flags.ts";
import { configPaths, configSchema } from "../../config/schema.ts";
import { InputError } from "../../base/errors.ts";
import { idsOf, type Question, questionsByLine, questionsByRow } from "../../predict/questions.ts";
import { createReader } from "../../predict/reader.ts";
import { openSaved } from "../../predict/batch_predictor.ts";
import type { Input, Prediction } from "../../predict/types.ts";
import { printableExcerpt, printableJson } from "../../base/printable.ts";
import { openModel } from "../../run/open_model.ts";
import { dataFiles, parseArguments } from "../arguments/arguments.ts";
import { fromCaller } from "../arguments/caller.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { namedRun } from "../arguments/run_argument.ts";
import { parseOptions } from "../arguments/options.ts";
import { readNothingBut } from "../arguments/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = "deno task predict RUN [TEXT or TOKEN … | --data FILE …]";

const HELP = `
Without a text or a file, each line of standard input is one: a text, or a JSON object with
"text" or "tokens", and is answered by a line of JSON as soon as it is there. --data reads files
as training does (CSV, TSV, JSON lines, fastText; - for standard input), needs no labels, and
answers each row by a line with its number, label and probabilities by name. A line or row that
is refused is answered by its "line" and an "error", the others are answered, and the exit code
is 2. Texts that begin with a dash, or are called as a file is, go behind --:

  deno task predict runs/latest -- "-5 stars"
`;

const optionsSchema = configSchema.pick({
  ...READ_KEYS,
}).extend({
  data: configSchema.shape.data.describe("files of rows to classify, or - for standard input"),
});
const own = flagsOf(optionsSchema);

/** Lines or rows that are predicted in one call. */
const BATCH = 256;

/** Share of unknown tokens from which on an answer means little. */
const MOSTLY_UNKNOWN = 0.5;

export interface PredictIo {
  readonly terminal: Terminal;
  /** Standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** The help of `predict`: what it takes, and every flag with its default. */
export function predictHelp(): string {
  return `${commandHelp(USAGE, own)}${HELP}`;
}

/** Prints one sentence for the sequence in the arguments, or one JSON line for each line or row. */
export async function predictCommand(args: readonly string[], { terminal, input }: PredictIo): Promise<ExitCode> {
  const end = args.indexOf("--");
  const [before, behind] = end < 0 ? [args, undefined] : [args.slice(0, end), args.slice(end + 1)];
  refuseDashes(before);
  const { values, help, positionals: [path, ...words] } = parseArguments(before, own, []);
  if (help) {
    terminal.write(predictHelp());
    return ExitCode.done;
  }
  if (path === undefined) throw new InputError([{ field: "run", message: `No run is named. Usage: ${USAGE}` }]);
  const directory = await namedRun(path);
  const { config, labels, version, preprocessing, run } = await openModel(directory);
  const reader = createReader(config, preprocessing);
  const predict = await openSaved({ config, labels, version, preprocessing }, BATCH);

  const files = await filesOf(values.data, words, behind);
  readNothingBut({ data: files ?? [] }, configPaths, [directory]);
  const texts = [...files ? [] : words, ...behind ?? []];
  if (texts.length > 0) {
    const text = texts.join(" ");
    const input = reader.text ? reader.readText(text, "the text") : reader.readTokens(idsOf(text), "the sequence");
    const answer = predict([input])[0]!;
    terminal.line(sentence(answer, labels));
    const unknown = answer.unknownShare ?? 0;
    if (unknown >= MOSTLY_UNKNOWN) {
      terminal.note(
        `warning: ${percent(unknown, 0)} of the text's tokens are unknown to the model: the answer means little`,
      );
    }
    return ExitCode.done;
  }

  const { round, digest } = version;
  const lineAnswer: Answerer = (answer) => ({ ...answer, round, digest });
  if (!files) return await answerAll(questionsByLine(input, reader, config), predict, lineAnswer, terminal);

  if (!preprocessing) {
    const message = `Run ${run} was not trained on files: there is nothing to read rows for it with`;
    throw new InputError([{ field: "run", message }]);
  }
  // As the run's own files were read, unless a flag says otherwise.
  const like = Object.fromEntries(own.map(({ key }) => [key, config[key]]));
  const options = parseOptions(optionsSchema, { ...like, ...values, data: files });
  const rowAnswer: Answerer = ({ class: _, label, probabilities, ...flags }, { file, line }, row) => ({
    ...files.length > 1 && { file },
    row,
    line,
    label,
    probabilities: Object.fromEntries(probabilities.map((probability, index) => [labels[index]!, probability])),
    ...flags,
  });
  return await answerAll(questionsByRow(options.data, input, reader, options), predict, rowAnswer, terminal);
}

/** What is printed for a question that was answered; `row` counts all questions from 1. */
type Answerer = (answer: Prediction, question: Question, row: number) => object;

/** Prints a line of JSON for each question, in order. Throws an InputError after the last one if some were refused. */
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
  throw new InputError([{ field: "line", message }]);
}

/** Throws an InputError for a text that looks like a flag: `-5 stars`. */
function refuseDashes(args: readonly string[]): void {
  const text = args.find((arg) => /^-[^-]/.test(arg) || /^--\S*\s/.test(arg) && !/^--[a-z-]+=/.test(arg));
  if (text === undefined) return;
  const message = `${JSON.stringify(text)} begins with a dash, as flags do: put texts behind --, as in ` +
    `deno task predict RUN -- ${JSON.stringify(text)}`;
  throw new InputError([{ field: text, message }]);
}

/** What files are called that people mean to be read, not classified. */
const FILE_NAME = /^\S+\.(csv|tsv|tab|jsonl|ndjson|json|txt|xlsx)(\.gz)?$/i;

/**
 * The files whose rows are asked: those of `--data`, or words that are nothing but files. Throws an InputError for a word
 * that is the name of a file, or looks like one, and cannot be taken so.
 */
async function filesOf(
  data: unknown,
  words: readonly string[],
  behind: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const refuse = (name: string, what: string) => {
    const message = `${JSON.stringify(name)} ${what}: say --data FILE to classify the rows of a file, ` +
      "or put a text of that name behind --";
    return new InputError([{ field: name, message }]);
  };
  if (data !== undefined) {
    const files = dataFiles(data, words);
    if (behind) throw refuse(behind.join(" "), "is a text beside --data");
    return files;
  }
  const isFile = await Promise.all(words.map(isFileName));
  if (words.length > 0 && isFile.every(Boolean) && !behind) return dataFiles([], words);
  const strange = words.find((word, index) => isFile[index] || (words.length === 1 && FILE_NAME.test(word)));
  if (strange === undefined) return undefined;
  throw refuse(
    strange,
    isFile.some(Boolean) ? "is a file, and not all of the arguments are" : "is no file that is there",
  );
}

/** Whether there is a file called `word` that may be read. */
async function isFileName(word: string): Promise<boolean> {
  try {
    return (await stat(fromCaller(word))).isFile();
  } catch (error) {
    // Reading it says what the task may read.
    return error instanceof Deno.errors.NotCapable && FILE_NAME.test(word);
  }
}

function percent(share: number, digits: number): string {
  return `${(100 * share).toFixed(digits)}%`;
}

function sentence({ class: best, label, probabilities }: Prediction, labels: readonly string[]): string {
  const shares = probabilities.map((probability, index) =>
    `${printableExcerpt(labels[index]!)} ${percent(probability, 2)}`
  );
  return `Class: ${best} (${printableExcerpt(label)}) - Probabilities: ${shares.join(", ")}`;
}
