/**
 * `check FILE …` reads data as training would, and reports on it; `check RUN` reads the data of a run as the run did. With
 * `--cross-validate` it also trains n-grams, to find wrong labels, and `--out` writes the rows with what was found.
 */
import { counted } from "../../base/counted.ts";
import { z } from "zod";
import { flagsOf } from "../arguments/flags.ts";
import { inspectData } from "../../data/load/load.ts";
import { pathMarks, pathValue } from "../../config/paths.ts";
import { dataShape } from "../../config/data_shape.ts";
import { configSchema } from "../../config/schema.ts";
import { InputError, inputError } from "../../base/errors.ts";
import { callersFiles, parseArguments, parseOptions } from "../arguments/arguments.ts";
import { checkReport } from "../terminal/check_report.ts";
import type { LoadedData, LoadOptions } from "../../data/load/loaded_data.ts";
import { compareSplits } from "../../run/evaluation/compare_splits.ts";
import { rowsOfRun } from "../../run/evaluation/run_rows.ts";
import { withTexts } from "../../data/load/example_texts.ts";
import { shellWord } from "../../report/outcome.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { restrictReading } from "../arguments/reading.ts";
import { runAmong } from "../arguments/run_argument.ts";
import { labelsReport } from "../terminal/labels_report.ts";
import { checkLabels, type LabelThreads, openLabelsTarget } from "./check_labels.ts";
import { complain, type Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} check FILE … | RUN [FLAGS]   (- for standard input)`;

const optionsSchema = z.strictObject({
  ...dataShape,
  seed: z.int().min(0).max(2 ** 32 - 1).default(1).describe(
    "seed of the choice of validation rows; a whole number below 2^32",
  ),
  crossValidate: z.int().min(0).max(20).default(0)
    .describe(
      "folds of the rows, each predicted by n-grams of the others: finds labels that are probably wrong; 0: none",
    ),
  out: pathValue(
    z.string().default("").describe(
      "with --cross-validate: file for the rows of a file with the suspicion of each label, in the same format",
    ),
  ),
  force: z.boolean().default(false).describe("with --out: replace an existing file"),
  json: z.boolean().default(false).describe("print the statistics as JSON"),
  runsDir: configSchema.shape.runsDir,
});
const flags = flagsOf(optionsSchema);

/** Returns the help of `check`: every flag with its default. */
export function checkHelp(): string {
  return commandHelp(USAGE, flags);
}

interface CheckIo extends LabelThreads {
  readonly terminal: Terminal;
  /** Standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** Prints statistics of the files. Exits with bad input if training would refuse them. */
export async function checkCommand(
  args: readonly string[],
  { terminal, input, ...threads }: CheckIo,
): Promise<ExitCode> {
  const { values, help, positionals } = parseArguments(args, flags, []);
  if (help) {
    terminal.write(checkHelp());
    return ExitCode.done;
  }
  if (positionals.length === 0) throw inputError("file", `No file is named. Usage: ${USAGE}`);
  const directory = await runAmong(positionals, values);
  const run = directory === undefined ? undefined : await rowsOfRun(directory);
  const { rules, ...like } = run?.options ?? {};
  const { json, crossValidate, out, force, runsDir: _, ...given } = parseOptions(optionsSchema, { ...like, ...values });
  const options = { ...given, ...rules && { rules } };
  if (options.groupColumn !== "" && options.timeColumn !== "") {
    throw inputError("timeColumn", "`timeColumn` and `groupColumn` are both given: expected one of them");
  }
  const sources = run ? run.sources : callersFiles(positionals);
  const target = await openLabelsTarget({ crossValidate, out, force }, sources);
  restrictReading(options, pathMarks(optionsSchema), [...sources, ...target ? [target.path, target.temporary] : []]);
  const { data, refusals } = await inspectData({
    ...options,
    // Cross-validation needs no validation rows, and takes all others.
    ...crossValidate > 0 && typeof options.validation === "number" && { validation: 0 },
    sources,
    ...input && { input },
    onRows: (rows) => terminal.live(counted(rows, "row")),
  }, true);
  run?.refuseOthers(data.statistics);
  const read = await withTexts(data, options);
  const isMeasured = read.split && refusals.length === 0 && !sources.includes("-");
  const accuracy = isMeasured ? await splitAccuracy(data, { ...options, sources }) : undefined;
  const statistics = accuracy ? { ...read, split: { ...read.split!, accuracy } } : read;
  const asked = { ...options, folds: crossValidate };
  const labels = crossValidate > 0 && refusals.length === 0
    ? await checkLabels(data, asked, target, terminal, threads)
    : undefined;
  if (json) terminal.json({ ...statistics, refusals, ...labels && { crossValidation: labels } }, 2);
  else {
    for (const line of checkReport(statistics, options)) terminal.line(line);
    if (labels) { for (const line of ["", ...labelsReport(labels)]) terminal.line(line); }
    if (labels && target) terminal.line(`Wrote ${counted(labels.rows, "row")} to ${target.path}`);
  }
  if (refusals.length === 0) {
    const accepted = ["", "Training would accept this data", ...run ? [] : [trainCommand(args)]];
    if (!json) { for (const line of accepted) terminal.line(line); }
    return ExitCode.done;
  }
  if (!json) terminal.write("\nTraining would refuse this data:\n");
  complain(terminal, new InputError(refusals));
  return ExitCode.badInput;
}

/** Reads the data again with a random split, and measures what that would hide. */
async function splitAccuracy(data: LoadedData, options: LoadOptions): Promise<ReturnType<typeof compareSplits>> {
  const random = await inspectData({ ...options, groupColumn: "", timeColumn: "" }, true);
  return compareSplits(data, random.data, options.seed);
}

/** Returns the command that trains on the same data: both commands take the same arguments, but for those about labels. */
function trainCommand(args: readonly string[]): string {
  const isOwn = (arg: string | undefined) => arg !== undefined && /^--(?:cross-validate|out)(?=$|=)/.test(arg);
  const others = args.filter((arg, at) =>
    !isOwn(arg) && arg !== "--force" && !(isOwn(args[at - 1]) && !args[at - 1]!.includes("="))
  );
  return [`${PROGRAM} train`, ...others.map(shellWord)].join(" ");
}
