/** `resume RUN`: takes up a run where its newest checkpoint is, with as many workers as there are now. */
import { dirname } from "node:path";
import { resolveConfig } from "../config/resolve.ts";
import { processShape } from "../config/schema.ts";
import type { TrainingRunOptions } from "../run/prepare.ts";
import { readDataAgain } from "../run/run_data.ts";
import { finalSummary } from "../run/summary.ts";
import { TrainingRun } from "../run/training_run.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";
import { flagsFor, manifestSources, oneRun } from "./one_run.ts";
import { trainAndServe, type TrainingOptions } from "./training.ts";

const USAGE = "deno task resume RUN [FLAGS]   (what is trained is in the run; the flags say how to go about it)";

/** What is trained does not change, nor does the place. */
const own = flagsFor((key) => key in processShape && key !== "runsDir");

export async function resumeCommand(args: readonly string[], options: TrainingOptions): Promise<ExitCode> {
  const { terminal } = options;
  const { values, help, positionals } = parseArguments(args, own, []);
  if (help) {
    terminal.write(commandHelp(USAGE, own));
    return ExitCode.done;
  }
  const directory = await oneRun(positionals, USAGE);
  const { manifest, sources } = await manifestSources(directory, values);
  const summary = await finalSummary(directory, manifest.id);
  if (summary) {
    terminal.line(`Run ${manifest.id} is complete: ${summary.reason}, digest ${summary.digest}`);
    return ExitCode.done;
  }
  // Runs that are asked for meanwhile belong beside it.
  const config = { ...resolveConfig(undefined, sources), runsDir: dirname(directory) };
  const open = async (parts: TrainingRunOptions) =>
    await TrainingRun.resume(directory, {
      ...parts,
      ...await readDataAgain(config, manifest.rules, options.input, parts.signal),
    });
  return await trainAndServe(config, open, options);
}
