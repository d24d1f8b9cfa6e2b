/** `evaluate RUN --data FILE` evaluates a finished run on new rows. */
import { dirname, join } from "node:path";
import { z } from "zod";
import { rowShape } from "../../config/data_shape.ts";
import { flagsOf } from "../arguments/flags.ts";
import { pathMarks, pathValue } from "../../config/paths.ts";
import { configSchema } from "../../config/schema.ts";
import { cannotWrite, forCommandLine } from "../arguments/messages.ts";
import { writeJson } from "../../run/files/files.ts";
import { evaluateFiles, refuseWithoutFiles } from "../../run/evaluation/evaluate_files.ts";
import { wantedThreshold } from "../../standalone/answers.ts";
import { openModel } from "../../run/open_model.ts";
import { dataFiles, parseArguments, parseOptions, rejectOf } from "../arguments/arguments.ts";
import { evaluationReport } from "../terminal/evaluation_report.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { openKernels } from "../arguments/kernels.ts";
import { PROGRAM } from "../arguments/program.ts";
import { oneRun } from "../arguments/run_argument.ts";
import { mayWrite, restrictReading, restrictWriting } from "../arguments/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} evaluate RUN --data FILE [FLAGS]   (--out FILE: file for the metrics as JSON)`;

const optionsSchema = z.strictObject({
  data: configSchema.shape.data,
  ...rowShape,
  onBadRow: configSchema.shape.onBadRow,
  reject: configSchema.shape.reject,
  kernels: configSchema.shape.kernels,
  runsDir: configSchema.shape.runsDir,
  outOfScope: pathValue(
    z.array(z.string().min(1)).default([])
      .describe("files of rows that are of none of the classes: how well their confidence tells them from the others"),
  ),
  explain: z.boolean().default(false).describe("the tokens that most mistakes depend on"),
  report: z.enum(["short", "full"]).default("short").describe("classes in the table. short: the ten worst; full: all"),
});
const own = flagsOf(optionsSchema);

/** Returns the help of `evaluate`, with every flag and its default. */
export function evaluateHelp(): string {
  return commandHelp(USAGE, own);
}

/** Prints a report and writes the metrics into the run, or to `--out`. */
export async function evaluateCommand(
  args: readonly string[],
  { terminal, input }: { readonly terminal: Terminal; readonly input: AsyncIterable<Uint8Array> },
): Promise<ExitCode> {
  const { values, extra: { out }, help, positionals: [path, ...more] } = parseArguments(args, own, ["out"]);
  if (help) {
    terminal.write(evaluateHelp());
    return ExitCode.done;
  }
  const directory = await oneRun(path === undefined ? [] : [path], USAGE, values);
  const model = await openModel(directory);
  const { config, version, run } = model;
  refuseWithoutFiles(model);
  // Files are read as the run's own files were, except for the given flags.
  const like = Object.fromEntries(Object.entries(config).filter(([key]) => own.some((flag) => flag.key === key)));
  const options = parseOptions(optionsSchema, { ...like, ...values, data: dataFiles(values.data, more) });
  const threshold = wantedThreshold(version.rejection, rejectOf(values));
  const native = openKernels(options.kernels, terminal);
  restrictReading(options, pathMarks(optionsSchema), [directory, ...out === undefined ? [] : [dirname(out)]]);
  const file = out ?? join(directory, "evaluation.json");
  restrictWriting([dirname(file)]);
  if (!mayWrite(dirname(file))) throw cannotWrite(dirname(file), "--out");
  const { evaluation, rows, trainedOn, warnings } = await evaluateFiles(model, options, {
    directory,
    threshold,
    native,
    input,
  });
  const { skipped, statistics } = rows;
  // The file is written first: the reader of the report may be gone.
  await writeJson(file, { run, digest: version.digest, data: options.data, skipped, trainedOn, ...evaluation });
  for (const text of warnings) terminal.note(`warning: ${forCommandLine(text)}`);
  const layout = { report: options.report, width: terminal.width() };
  const report = evaluationReport(evaluation, { ...statistics, skipped }, layout);
  for (const line of [...report, "", `Written to ${file}`]) terminal.line(line);
  return ExitCode.done;
}
