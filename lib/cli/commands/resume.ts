/** `resume RUN` continues a run from its newest checkpoint, with any number of workers. */
import { dirname, resolve } from "node:path";
import { flags } from "../arguments/flags.ts";
import { resolveConfig } from "../../config/resolve.ts";
import { processShape } from "../../config/schema.ts";
import { InputError } from "../../base/errors.ts";
import { readDataAgain } from "../../run/training/reload_data.ts";
import { finalSummary } from "../../run/log/summary.ts";
import { withEpochs } from "../../run/files/more_epochs.ts";
import { TrainingRun } from "../../run/training/training_run.ts";
import { type Arguments, parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { flagsFor, manifestSources, oneRun } from "../arguments/run_argument.ts";
import { finalReport, finishedView, readRunFiles } from "../terminal/final_report.ts";
import { type Open, trainAndServe, type TrainingOptions } from "./training.ts";

const USAGE = `${PROGRAM} resume RUN [FLAGS]   (the run has the training options; flags set process options)`;

/** A resumed run keeps its training options, but for more epochs, and its place. */
const own = flagsFor((key) => key === "epochs" || key in processShape).map((flag) =>
  flag.key === "epochs" ? { ...flag, description: "epochs of the run in all, if it takes more", default: "" } : flag
);

/** Throws an InputError for options that the run in `directory` has fixed. */
function refuseFixed({ values, nameOf }: Pick<Arguments, "values" | "nameOf">, directory: string): void {
  const fixed = flags.filter(({ key }) => key in values && !own.some((flag) => flag.key === key)).map(({ name }) => ({
    field: `--${name}`,
    message: `--${name} is fixed by the run. For a new run with another value: ` +
      `${PROGRAM} train --config ${directory}/run.json --${name} …`,
  }));
  const { runsDir } = values;
  const field = nameOf("runsDir");
  // A variable says only where runs named by their ids are.
  const moves = typeof runsDir === "string" && field === "--runs-dir" &&
    resolve(runsDir) !== resolve(dirname(directory));
  if (moves) fixed.push({ field, message: `${field} is fixed: a run stays in its folder` });
  if (fixed.length > 0) throw new InputError(fixed);
}

export async function resumeCommand(args: readonly string[], options: TrainingOptions): Promise<ExitCode> {
  const { terminal } = options;
  // All flags of training are parsed, so that fixed ones and unknown ones get different messages.
  const given = parseArguments(args, flags, []);
  const { values } = given;
  if (given.help) {
    terminal.write(commandHelp(USAGE, own));
    return ExitCode.done;
  }
  const directory = await oneRun(given.positionals, USAGE, values);
  refuseFixed(given, directory);
  const { manifest, sources } = await manifestSources(directory, given);
  const epochs = typeof values.epochs === "number" ? values.epochs : undefined;
  await withEpochs(manifest, epochs);
  const resolved = resolveConfig(undefined, sources);
  const summary = await finalSummary(directory, manifest, epochs);
  if (summary) {
    terminal.line(`Run ${manifest.id} is complete: ${summary.reason}, digest ${summary.digest}`);
    if (values.report === "full") {
      const files = await readRunFiles(directory, summary);
      const { metric } = manifest.config;
      finalReport(finishedView(summary, manifest.config), { metric, report: "full", files, width: terminal.width() })
        .forEach(([text, emphasis]) => terminal.emphasize(text, emphasis));
    }
    return ExitCode.done;
  }
  // Runs that clients start over HTTP are kept in the same folder.
  const config = { ...resolved, runsDir: dirname(directory) };
  const open: Open = async (parts) =>
    await TrainingRun.resume(directory, {
      ...parts,
      ...await readDataAgain(directory, config, manifest.rules, { ...parts, input: options.input }),
    }, epochs);
  return await trainAndServe(config, open, options);
}
