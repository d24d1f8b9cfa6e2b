/** `train` starts a new run, or with `--resume` resumes an earlier one. */
import { flags } from "../arguments/flags.ts";
import { type ConfigSource, type Resolve, resolveConfig } from "../../config/resolve.ts";
import { openTraining } from "../../run/training/open_training.ts";
import { type Arguments, dataFiles, parseArguments, readConfigFile } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { trainHelp } from "../arguments/help.ts";
import { resumeCommand } from "./resume.ts";
import { followCommand, followFlags, refuseWithoutStream } from "./follow/command.ts";
import { trainAndServe, type TrainingOptions } from "./training.ts";

export async function trainCommand(args: readonly string[], options: TrainingOptions): Promise<ExitCode> {
  const parsed = parseArguments(args, [...flags, ...followFlags], ["config", "preset", "resume"]);
  if (parsed.help) {
    options.terminal.write(trainHelp());
    return ExitCode.done;
  }
  if (parsed.extra.resume !== undefined) {
    const rest = args.filter((arg, index) => !/^--resume(=|$)/.test(arg) && args[index - 1] !== "--resume");
    return await resumeCommand([parsed.extra.resume, ...rest], options);
  }
  if (parsed.values.follow !== undefined) return await followCommand(parsed, options);
  refuseWithoutStream(parsed);
  const sources = await sourcesOf(parsed);
  const resolve: Resolve = (defaults) => resolveConfig(parsed.extra.preset, sources, defaults);
  return await trainAndServe(resolve(), (parts) => openTraining(resolve, { ...parts, input: options.input }), options);
}

async function sourcesOf({ values, nameOf, extra, positionals }: Arguments): Promise<ConfigSource[]> {
  // Arguments that are not flags are files of rows.
  const all = values.data === undefined && positionals.length === 0
    ? values
    : { ...values, data: dataFiles(values.data, positionals) };
  const sources: ConfigSource[] = [];
  if (extra.config !== undefined) sources.push(await readConfigFile(extra.config));
  sources.push({ values: all, nameOf });
  return sources;
}
