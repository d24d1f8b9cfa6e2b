/** `train`: a new run from flags, or with `--resume` an earlier one. */
import { flags } from "../config/flags.ts";
import { type ConfigSource, resolveConfig } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { TrainingRun } from "../run/training_run.ts";
import { type Arguments, parseArguments, readConfigFile } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { trainHelp } from "./help.ts";
import { resumeCommand } from "./resume.ts";
import { trainAndServe, type TrainingOptions } from "./training.ts";

export async function trainCommand(args: readonly string[], options: TrainingOptions): Promise<ExitCode> {
  const parsed = parseArguments(args, flags, ["config", "preset", "resume"]);
  if (parsed.help) {
    options.terminal.write(trainHelp());
    return ExitCode.done;
  }
  if (parsed.extra.resume !== undefined) {
    const rest = args.filter((arg, index) => !/^--resume(=|$)/.test(arg) && args[index - 1] !== "--resume");
    return await resumeCommand([parsed.extra.resume, ...rest], options);
  }
  return await trainAndServe(await configFrom(parsed), TrainingRun.create, options);
}

async function configFrom({ values, extra, positionals }: Arguments): Promise<Config> {
  if (positionals.length > 0) {
    const message = `Unexpected argument "${positionals[0]}": expected flags only, such as --seed 7`;
    throw new InputError([{ field: positionals[0]!, message }]);
  }
  const sources: ConfigSource[] = [];
  if (extra.config !== undefined) sources.push(await readConfigFile(extra.config));
  sources.push({ values, nameOf: (key) => `--${flags.find((flag) => flag.key === key)?.name ?? key}` });
  return resolveConfig(extra.preset, sources);
}
