/** `verify RUN` trains a run again and checks that it gives the same weights. */
import { counted } from "../../base/counted.ts";
import { resolveConfig } from "../../config/resolve.ts";
import { configPaths } from "../../config/schema.ts";
import { inputError } from "../../base/errors.ts";
import { filesOfParents } from "../../run/training/parent.ts";
import { readDataAgain } from "../../run/training/reload_data.ts";
import { verifyRun } from "../../run/training/verify.ts";
import { parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { flagsFor, manifestSources, oneRun } from "../arguments/run_argument.ts";
import { openKernels } from "../arguments/kernels.ts";
import { restrictReading } from "../arguments/reading.ts";
import type { TrainingOptions } from "./training.ts";

const USAGE = `${PROGRAM} verify RUN [FLAGS]`;
const own = flagsFor((key) => ["runsDir", "workers", "kernels", "workerTimeout", "maxRestarts", "chaos"].includes(key));

/** Returns the help of `verify`, with every flag and its default. */
export function verifyHelp(): string {
  return commandHelp(USAGE, own);
}

export async function verifyCommand(
  args: readonly string[],
  { terminal, workerUrl, cores, input }: Pick<TrainingOptions, "terminal" | "workerUrl" | "cores" | "input">,
): Promise<ExitCode> {
  const given = parseArguments(args, own, []);
  if (given.help) {
    terminal.write(verifyHelp());
    return ExitCode.done;
  }
  const directory = await oneRun(given.positionals, USAGE, given.values);
  const { manifest: { id, rules }, sources } = await manifestSources(directory, given);
  const config = resolveConfig(undefined, sources);
  const native = openKernels(config.kernels, terminal);
  restrictReading(config, configPaths, [directory, ...await filesOfParents(config)]);
  const options = { config, workerUrl, cores, native, ...await readDataAgain(directory, config, rules, { input }) };
  let matches = 0;
  let lastMatch = 0;
  for await (const { round, recorded, computed } of verifyRun(directory, options)) {
    if (recorded !== computed) {
      terminal.line(
        `Run ${id} differs after round ${round}: recorded "${recorded}", computed "${computed}". ` +
          `The last match was after round ${lastMatch}`,
      );
      return ExitCode.failed;
    }
    matches++;
    lastMatch = round;
  }
  if (matches === 0) {
    throw inputError("run", `Run ${id} has no recorded state to compare with`);
  }
  terminal.line(
    matches === 1
      ? `Verified: the only recorded state, after round ${lastMatch}, matches`
      : `Verified: all ${counted(matches, "recorded state")} up to round ${lastMatch} match`,
  );
  return ExitCode.done;
}
