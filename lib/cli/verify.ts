/** `verify RUN`: whether the run, trained again, comes to the same weights. */
import { flagName, flags } from "../config/flags.ts";
import { resolveConfig } from "../config/resolve.ts";
import { InputError } from "../errors.ts";
import { resolveRun } from "../run/directory.ts";
import { readManifest } from "../run/manifest.ts";
import { verifyRun } from "../run/verify.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";
import type { TrainingOptions } from "./training.ts";

const USAGE = "deno task verify RUN [FLAGS]";
const own = flags.filter(({ key }) => ["workers", "workerTimeout", "maxRestarts", "chaos"].includes(key));

export async function verifyCommand(
  args: readonly string[],
  { terminal, workerUrl, cores }: Pick<TrainingOptions, "terminal" | "workerUrl" | "cores">,
): Promise<ExitCode> {
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
  const config = resolveConfig(undefined, [
    { values: { ...training }, nameOf: (key) => `"${key}" in ${directory}/run.json` },
    { values, nameOf: (key) => `--${flagName(key)}` },
  ]);
  let same = 0;
  let before = 0;
  for await (const { round, recorded, computed } of verifyRun(directory, { config, workerUrl, cores })) {
    if (recorded !== computed) {
      terminal.write(
        `Run ${id} differs after round ${round}: it recorded ${recorded}, and now it is ${computed}. ` +
          `After round ${before} it was the same\n`,
      );
      return ExitCode.failed;
    }
    same++;
    before = round;
  }
  if (same === 0) throw new InputError([{ field: "run", message: `Run ${id} recorded no state to compare with` }]);
  terminal.write(`Run ${id} is what it says: ${same} recorded states, to round ${before}, are the same\n`);
  return ExitCode.done;
}
