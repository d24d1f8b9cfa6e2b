/** `resume RUN`: takes up a run where its newest checkpoint is, with as many workers as there are now. */
import { flagName, flags } from "../config/flags.ts";
import { resolveConfig } from "../config/resolve.ts";
import { processShape } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { resolveRun } from "../run/directory.ts";
import { readManifest } from "../run/manifest.ts";
import { finalSummary } from "../run/summary.ts";
import { TrainingRun } from "../run/training_run.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";
import { trainAndServe, type TrainingOptions } from "./training.ts";

const USAGE = "deno task resume RUN [FLAGS]   (what is trained is in the run; the flags say how to go about it)";

/** What is trained does not change, nor does the place. */
const own = flags.filter(({ key }) => key in processShape && key !== "runsDir");

export async function resumeCommand(args: readonly string[], options: TrainingOptions): Promise<ExitCode> {
  const { terminal } = options;
  const { values, help, positionals: [path, ...more] } = parseArguments(args, own, []);
  if (help) {
    terminal.write(commandHelp(USAGE, own));
    return ExitCode.done;
  }
  if (path === undefined || more.length > 0) {
    const message = `Expected one run, such as runs/latest, and got ${path === undefined ? "none" : 1 + more.length}`;
    throw new InputError([{ field: "run", message: `${message}. Usage: ${USAGE}` }]);
  }
  const directory = await resolveRun(path);
  const { id, config: training } = await readManifest(directory);
  const summary = await finalSummary(directory);
  if (summary) {
    terminal.write(`Run ${id} is complete: ${summary.reason}, digest ${summary.digest}\n`);
    return ExitCode.done;
  }
  const sources = [
    { values: { ...training }, nameOf: (key: string) => `"${key}" in ${directory}/run.json` },
    { values, nameOf: (key: string) => `--${flagName(key)}` },
  ];
  const config = resolveConfig(undefined, sources);
  return await trainAndServe(config, (parts) => TrainingRun.resume(directory, parts), options);
}
