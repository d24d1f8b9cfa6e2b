/** `verify RUN`: whether the run, trained again, comes to the same weights. */
import { counted } from "../../base/counted.ts";
import { resolveConfig } from "../../config/resolve.ts";
import { configPaths } from "../../config/schema.ts";
import { InputError } from "../../base/errors.ts";
import { readDataAgain } from "../../run/training/reload_data.ts";
import { verifyRun } from "../../run/training/verify.ts";
import { parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { flagsFor, manifestSources, oneRun } from "../arguments/run_argument.ts";
import { readNothingBut } from "../arguments/reading.ts";
import type { TrainingOptions } from "./training.ts";

const USAGE = "deno task verify RUN [FLAGS]";
const own = flagsFor((key) => ["workers", "workerTimeout", "maxRestarts", "chaos"].includes(key));

export async function verifyCommand(
  args: readonly string[],
  { terminal, workerUrl, cores, input }: Pick<TrainingOptions, "terminal" | "workerUrl" | "cores" | "input">,
): Promise<ExitCode> {
  const { values, help, positionals } = parseArguments(args, own, []);
  if (help) {
    terminal.write(commandHelp(USAGE, own));
    return ExitCode.done;
  }
  const directory = await oneRun(positionals, USAGE);
  const { manifest: { id, rules }, sources } = await manifestSources(directory, values);
  const config = resolveConfig(undefined, sources);
  readNothingBut(config, configPaths, [directory]);
  const options = { config, workerUrl, cores, ...await readDataAgain(config, rules, input) };
  let same = 0;
  let before = 0;
  for await (const { round, recorded, computed } of verifyRun(directory, options)) {
    if (recorded !== computed) {
      terminal.line(
        `Run ${id} differs after round ${round}: it recorded ${recorded}, and now it is ${computed}. ` +
          `After round ${before} it was the same`,
      );
      return ExitCode.failed;
    }
    same++;
    before = round;
  }
  if (same === 0) throw new InputError([{ field: "run", message: `Run ${id} recorded no state to compare with` }]);
  terminal.line(
    `Run ${id} is what it says: ${counted(same, "recorded state")}, to round ${before}, ${
      same === 1 ? "is" : "are"
    } the same`,
  );
  return ExitCode.done;
}
