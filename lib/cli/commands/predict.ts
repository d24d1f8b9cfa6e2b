/** `predict RUN [TEXT …]` classifies its arguments, the lines of standard input, or the rows of files: see also label.ts. */
import { counted, percent } from "../../base/counted.ts";
import { dirname } from "node:path";
import { z } from "zod";
import { rowShape } from "../../config/data_shape.ts";
import { flagsOf } from "../arguments/flags.ts";
import { pathValue } from "../../config/paths.ts";
import { configPaths, configSchema } from "../../config/schema.ts";
import { inputError } from "../../base/errors.ts";
import { parseIds, questionsByLine, questionsByRow, readLine } from "../../predict/questions.ts";
import { followFile } from "../../formats/follow.ts";
import { createReader } from "../../standalone/reader.ts";
import { untilAborted } from "../../base/waiting.ts";
import { shownAnswer } from "../../standalone/answers.ts";
import { checkExplainable } from "../../standalone/explain.ts";
import { openSaved } from "../../predict/batch_predictor.ts";
import type { RankedLabel } from "../../standalone/top_labels.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import type { Prediction } from "../../predict/types.ts";
import { printableExcerpt } from "../../base/printable.ts";
import { parseArguments, parseOptions, rejectOf } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { openKernels } from "../arguments/kernels.ts";
import { PROGRAM } from "../arguments/program.ts";
import { namedModel, TAKES_MODELS } from "../arguments/run_argument.ts";
import { restrictReading, restrictWriting } from "../arguments/reading.ts";
import { answerAll, type Answerer, BATCH } from "./answers.ts";
import { labelRows, openTarget, STDOUT } from "./label.ts";
import { filesOf } from "./named_files.ts";
import { reasonLines } from "../terminal/reasons_report.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} predict RUN [TEXT or TOKEN … | --data FILE … [--out FILE] | --follow [FILE]]`;

const HELP = `
Without a text or a file, each line of standard input is classified: a text, or a JSON
object with "text" or "tokens". Each line is answered at once with a line of JSON.
--data reads files as training does (- for standard input), without needing labels,
and answers each row with a line of its number, label and probabilities by name.
A bad line or row is answered with its "line" and an "error", the others are answered,
and the exit code is 2.
--out writes the rows of one file unchanged, with columns for the label and its
confidence (and "rejected", the label of less confidence than --reject or --threshold
want; with --top also "label_2", "confidence_2", …; where rows may have several labels,
"label" lists them and --top adds "label_1", "confidence_1", …).
--follow answers standard input, or a file that grows, until Ctrl-C. It reads on only
when its answers were taken, and follows a file that is rotated or truncated. A bad line
is answered and the next ones too: --on-bad-row stop ends it there, and with skip the
exit code is 0.
Put texts that begin with a dash, or have the name of a file, behind --:

  ${PROGRAM} predict runs/latest -- "-5 stars"
`;

/** Stands for standard input. */
const STDIN = "-";

const optionsSchema = z.strictObject({
  ...rowShape,
  reject: configSchema.shape.reject,
  threshold: z.number().min(0).max(1).default(0)
    .describe("least confidence of a label: less confident rows get none; 0: all do"),
  top: z.int().min(0).max(100_000).default(0)
    .describe("most probable labels in an answer; 0: all, with --out one"),
  explain: z.boolean().default(false).describe(
    "what each token adds to the answer, as log-odds against the second label",
  ),
  kernels: configSchema.shape.kernels,
  runsDir: configSchema.shape.runsDir,
  data: configSchema.shape.data.describe("files of rows to classify, or - for standard input"),
  out: pathValue(
    z.string().default("").describe(
      "file for the rows of --data with their labels, in the same format; -: standard output",
    ),
    { kind: "file", words: [STDOUT] },
  ),
  force: z.boolean().default(false).describe("with --out: replace an existing file"),
  follow: pathValue(
    z.string().default("").describe("file that grows, whose lines are answered as they come, or - for standard input"),
    { kind: "file", words: [STDIN] },
  ),
  onBadRow: configSchema.shape.onBadRow.describe(
    "with --out or --follow: refuse data with a bad row, or keep it with an error",
  ),
  leastSureFirst: z.boolean().default(false)
    .describe("with --out: sort by confidence, the lowest first; keeps all rows in memory"),
});
const own = flagsOf(optionsSchema);

/** Warns if at least this share of the tokens is unknown. */
const MOSTLY_UNKNOWN = 0.5;

interface PredictIo {
  readonly terminal: Terminal;
  /** Standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Listens to interruptions, and returns the signal of the first one. */
  readonly interrupted?: () => AbortSignal;
}

/** Returns the help of `predict`, with every flag and its default. */
export function predictHelp(): string {
  return `${commandHelp(USAGE, own)}${TAKES_MODELS}${HELP}`;
}

/** Prints one sentence for the text in the arguments, or one JSON line for each line or row. */
export async function predictCommand(args: readonly string[], io: PredictIo): Promise<ExitCode> {
  const { terminal, input, interrupted } = io;
  const end = args.indexOf("--");
  const [before, behind] = end < 0 ? [args, undefined] : [args.slice(0, end), args.slice(end + 1)];
  refuseDashes(before);
  const { values, nameOf, help, positionals: [path, ...words] } = parseArguments(withSource(before), own, []);
  if (help) {
    terminal.write(predictHelp());
    return ExitCode.done;
  }
  if (path === undefined) throw inputError("run", `No run is named. Usage: ${USAGE}`);
  const { model, directory } = await namedModel(path, values);
  const folder = directory === undefined ? [] : [directory];
  const { config, labels, version, preprocessing, run } = model;
  const follows = values.follow !== undefined;
  if (follows && (values.data !== undefined || values.out !== undefined || words.length > 0 || behind)) {
    throw inputError("--follow", "--follow reads lines: expected no --data, --out or text with it");
  }
  const files = follows ? undefined : await filesOf(values, words, behind);
  // Files are read as the run's own files were, except for the given flags.
  const like = Object.fromEntries(Object.entries(config).filter(([key]) => own.some((flag) => flag.key === key)));
  const options = parseOptions(optionsSchema, { ...like, ...values, data: files ?? [] }, nameOf);
  const native = openKernels(options.kernels, terminal);
  const reject = rejectOf(values);
  const threshold = values.threshold === undefined ? undefined : options.threshold;
  if (threshold !== undefined && reject !== undefined) {
    throw inputError("--threshold", "--threshold and --reject both set the least confidence: expected one of them");
  }
  if (files && !preprocessing) throw inputError("run", `Run ${run} was not trained on files, so it cannot read rows`);
  const [name, ...others] = files ?? [];
  const { top, explain, follow } = options;
  if (explain) checkExplainable(preprocessing !== undefined, labels.length, config.labels === "many");
  if (options.out !== "") {
    if (explain) throw inputError("--explain", "--out has no column for reasons: leave it out, to get lines of JSON");
    if (name === undefined || others.length > 0) {
      throw inputError(
        "--data",
        `--out takes the rows of one file, but --data names ${counted(others.length + 1, "file")}`,
      );
    }
    const target = await openTarget(options.out, options.force);
    const written = target ? [target.path, target.temporary, dirname(target.path)] : [];
    restrictReading({ data: [name] }, configPaths, [...folder, ...written]);
    const table = { ...options, top: top === 0 ? undefined : top, threshold, reject, native };
    await labelRows({ model, source: { name, input }, target, options: table }, io);
    return ExitCode.done;
  }
  restrictWriting([]);
  restrictReading({ data: files ?? [] }, configPaths, [...folder, ...follows ? [follow] : []]);
  const predict = await openSaved(
    withThreshold(model, threshold),
    BATCH,
    { reject, top, probabilities: top === 0, explain },
    native,
  );
  const reader = createReader(config, preprocessing);
  const texts = [...files ? [] : words, ...behind ?? []];
  if (texts.length > 0) {
    const text = texts.join(" ");
    const input = reader.columns
      ? readLine(text, reader, config, false, "the text")
      : reader.text
      ? reader.readText(text, "the text")
      : reader.readTokens(parseIds(text), "the sequence");
    const answer = predict([input])[0]!;
    terminal.line(sentence(answer, labels));
    for (const line of answer.reasons ? reasonLines(answer.reasons, terminal.width()) : []) terminal.line(line);
    const unknown = answer.unknownShare ?? 0;
    if (unknown >= MOSTLY_UNKNOWN) {
      terminal.note(
        `warning: ${percent(unknown, 0)} of the text's tokens are unknown to the model: the answer is not reliable`,
      );
    }
    return ExitCode.done;
  }

  const { round, digest } = version;
  if (!files) {
    const lineAnswer: Answerer = (answer) => ({ ...shownAnswer(answer, top === 0), round, digest });
    if (!follows) return await answerAll(questionsByLine(input, reader, config), predict, lineAnswer, terminal);
    const signal = interrupted?.();
    const lines = questionsByLine(follow === STDIN ? input : followFile(follow, signal), reader, config, follow);
    const rule = values.onBadRow === undefined ? "keep" : options.onBadRow;
    return await answerAll(untilAborted(lines, signal), predict, lineAnswer, terminal, rule);
  }
  const rowAnswer: Answerer = (
    { class: _, label, labels: several, rejected, probabilities, top, ...flags },
    { file, line },
    row,
  ) => ({
    ...files.length > 1 && { file },
    row,
    line,
    ...several ? { labels: several.map((one) => one.label) } : { label },
    ...rejected && { rejected },
    probabilities: Object.fromEntries(
      listed({ probabilities, top }, labels).map(({ label, probability }) => [label, probability]),
    ),
    ...flags,
  });
  return await answerAll(questionsByRow(options.data, input, reader, options), predict, rowAnswer, terminal);
}

/** Returns `model` with another threshold, if there is one. */
function withThreshold(model: TrainedModel, threshold: number | undefined): TrainedModel {
  return threshold === undefined ? model : {
    ...model,
    version: {
      ...model.version,
      rejection: { threshold, points: [] },
      thresholds: model.labels.map(() => threshold),
    },
  };
}

/** Puts - behind a --follow without a value. */
function withSource(args: readonly string[]): string[] {
  return args.flatMap((arg, index) =>
    arg === "--follow" && /^(--.*)?$/.test(args[index + 1] ?? "") ? [arg, STDIN] : [arg]
  );
}

/** Throws an InputError for a text that looks like a flag: `-5 stars`. */
function refuseDashes(args: readonly string[]): void {
  const text = args.find((arg) => /^-[^-]/.test(arg) || /^--\S*\s/.test(arg) && !/^--[a-z-]+=/.test(arg));
  if (text === undefined) return;
  const message = `${JSON.stringify(text)} begins with a dash, as flags do: put texts behind --, as in ` +
    `${PROGRAM} predict RUN -- ${JSON.stringify(text)}`;
  throw inputError(text, message);
}

/** Returns the labels of an answer with their probabilities: the most probable ones, or all. */
function listed(
  { probabilities, top }: { readonly probabilities: readonly number[]; readonly top?: Prediction["top"] | undefined },
  labels: readonly string[],
): readonly RankedLabel[] {
  return top ?? probabilities.map((probability, index) => ({ label: labels[index]!, probability }));
}

function sentence(answer: Prediction, labels: readonly string[]): string {
  const { class: best, label, labels: several, rejected } = answer;
  const shares = listed(answer, labels).map(({ label, probability }) =>
    `${printableExcerpt(label)} ${percent(probability)}`
  );
  if (several) {
    const given = several.map(({ label }) => printableExcerpt(label)).join(", ");
    return `Labels: ${given === "" ? "none" : given} - Probabilities: ${shares.join(", ")}`;
  }
  const given = rejected
    ? `none of these, as ${rejected.class} (${printableExcerpt(rejected.label)}) has less than ` +
      percent(rejected.threshold)
    : `${best} (${printableExcerpt(label ?? "")})`;
  return `Class: ${given} - Probabilities: ${shares.join(", ")}`;
}
