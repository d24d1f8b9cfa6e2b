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
import { dataFiles, parseArguments, parseOptions, rejectOf } from "../arguments/arguments.ts";
import { evaluationReport } from "../terminal/evaluation_report.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { openKernels } from "../arguments/kernels.ts";
import { PROGRAM } from "../arguments/program.ts";
import { namedModel, onlyOne, TAKES_MODELS } from "../arguments/run_argument.ts";
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
  return commandHelp(USAGE, own) + TAKES_MODELS;
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
  const { model, directory } = await namedModel(onlyOne(path === undefined ? [] : [path], USAGE), values);
  const { config, version, run } = model;
  refuseWithoutFiles(model);
  // Files are read as the run's own files were, except for the given flags.
  const like = Object.fromEntries(Object.entries(config).filter(([key]) => own.some((flag) => flag.key === key)));
  const options = parseOptions(optionsSchema, { ...like, ...values, data: dataFiles(values.data, more) });
  const threshold = wantedThreshold(version.rejection, rejectOf(values));
  const native = openKernels(options.kernels, terminal);
  // A model without its run has no folder for the metrics.
  const file = out ?? (directory === undefined ? undefined : join(directory, "evaluation.json"));
  const target = file === undefined ? [] : [dirname(file)];
  restrictReading(options, pathMarks(optionsSchema), [...directory === undefined ? [] : [directory], ...target]);
  restrictWriting(target);
  for (const folder of target) if (!mayWrite(folder)) throw cannotWrite(folder, "--out");
  const { evaluation, rows, trainedOn, warnings } = await evaluateFiles(model, options, {
    directory,
    threshold,
    native,
    input,
  });
  const { skipped, statistics } = rows;
  // The file is written first: the reader of the report may be gone.
  const metrics = { run, digest: version.digest, data: options.data, skipped, trainedOn, ...evaluation };
  if (file !== undefined) await writeJson(file, metrics);
  for (const text of warnings) terminal.note(`warning: ${forCommandLine(text)}`);
  const layout = { report: options.report, width: terminal.width() };
  const report = evaluationReport(evaluation, { ...statistics, skipped }, layout);
  for (const line of [...report, ...file === undefined ? [] : ["", `Written to ${file}`]]) terminal.line(line);
  return ExitCode.done;
}
