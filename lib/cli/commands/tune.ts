/** `tune FILE --minutes 5` searches for a better config than the defaults, and trains it as a run like any other. */
import { dirname, join } from "node:path";
import { z } from "zod";
import { InputError } from "../../base/errors.ts";
import { byteSize } from "../../base/numbers/byte_size.ts";
import { resolveConfig } from "../../config/resolve.ts";
import { type Config, configSchema, processShape, trainingConfigSchema } from "../../config/schema.ts";
import { tuneShape } from "../../config/tune_shape.ts";
import { Journal } from "../../run/tuning/journal.ts";
import { type Arguments, dataFiles, parseArguments, parseOptions, readConfigFile } from "../arguments/arguments.ts";
import { fromCaller } from "../arguments/caller.ts";
import { flags, flagsOf } from "../arguments/flags.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { ExitCode } from "../exit_codes.ts";
import { openReported } from "../service/reported_search.ts";
import { type Open, trainAndServe, type TrainingOptions } from "./training.ts";

const USAGE = `${PROGRAM} tune FILE … [--minutes N] [FLAGS of train]   (or --resume FOLDER of a search)`;

const tuneSchema = z.strictObject(tuneShape);
const own = flagsOf(tuneSchema);
const allFlags = [...own, ...flags];

/** Returns the help of `tune`; its other flags are those of `train`. */
export function tuneHelp(): string {
  return commandHelp(USAGE, own) +
    "  --resume FOLDER               continue a search that was stopped or killed\n" +
    "  --config FILE                 JSON file with values for the options of train\n" +
    `\nOptions that are given keep their values; the others are tuned. ${PROGRAM} train --help lists them.\n`;
}

const DEFAULT_RUNS = configSchema.shape.runsDir.parse(undefined);

const isOfResult = (key: string) => key in trainingConfigSchema.shape;

export async function tuneCommand(args: readonly string[], options: TrainingOptions): Promise<ExitCode> {
  const { terminal } = options;
  const parsed = parseArguments(args, allFlags, ["config", "resume"]);
  if (parsed.help) {
    terminal.write(tuneHelp());
    return ExitCode.done;
  }
  const isOfSearch = (key: string) => key in tuneShape;
  const values = entriesOf(parsed.values, (key) => !isOfSearch(key));
  const wanted = entriesOf(parsed.values, isOfSearch);
  const { minutes, size } = parseOptions(tuneSchema, wanted, parsed.nameOf);
  const journal = parsed.extra.resume === undefined
    ? undefined
    : await openJournal(parsed, parsed.values, parsed.extra.resume);
  const all = journal ? values : await trainValues(parsed, values);
  const given = journal?.beginning.given ?? entriesOf(all, isOfResult);
  const process = {
    ...entriesOf(all, (key) => !isOfResult(key)),
    // The trials of a search stay together.
    ...journal && { runsDir: dirname(journal.folder) },
  };
  const nameOf = (key: string) => key in values ? parsed.nameOf(key) : `"${key}"`;
  const resolve = (values: Readonly<Record<string, unknown>>) => (defaults: Partial<Config> = {}) =>
    resolveConfig(undefined, [{ values, nameOf }], defaults);
  const base = resolve({ ...given, ...process });
  const config = base();
  let stopped: string | undefined;
  const open: Open = async ({ onTrial, ...parts }) => {
    const search = {
      ...parts,
      resolve: base,
      given,
      // A search that is resumed has the time that it had left, or that of the flag.
      minutes: !journal
        ? minutes
        : wanted.minutes === undefined
        ? journal.beginning.minutes
        : journal.elapsed / 60 + minutes,
      size: journal ? journal.beginning.size : byteSize(size),
      ...journal ? { journal } : { runsDir: config.runsDir },
    };
    const { log } = config;
    return await openReported(search, { terminal, log, onTrial, onStopped: (line) => stopped = line });
  };
  return await trainAndServe(config, open, {
    ...options,
    get stopped() {
      return stopped;
    },
  });
}

/** Returns the values of a config file and of flags. */
async function trainValues(
  { extra, positionals }: Pick<Arguments, "extra" | "positionals">,
  values: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const file = extra.config === undefined ? undefined : await readConfigFile(extra.config);
  // It is checked by itself first, as its messages name the file.
  if (file) resolveConfig(undefined, [file]);
  const isNamed = values.data !== undefined || positionals.length > 0 || !file;
  return { ...file?.values, ...values, ...isNamed && { data: dataFiles(values.data, positionals) } };
}

function entriesOf(
  values: Readonly<Record<string, unknown>>,
  isWanted: (key: string) => boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => isWanted(key)));
}

/** Opens the journal of an earlier search, which has the options of the result. */
async function openJournal(
  { extra, positionals, nameOf }: Pick<Arguments, "extra" | "positionals" | "nameOf">,
  values: Readonly<Record<string, unknown>>,
  folder: string,
): Promise<Journal> {
  const fixed = Object.keys(values).filter((key) => key !== "minutes" && !(key in processShape)).map(nameOf);
  const extras = [...fixed, ...extra.config === undefined ? [] : ["--config"], ...positionals];
  if (extras.length > 0) {
    throw new InputError(extras.map((name) => ({
      field: name,
      message: `${name} is fixed by the search that is resumed: start a new one for another value`,
    })));
  }
  const isId = /^tune-[\w-]+$/.test(folder);
  return await Journal.open(isId ? join(String(values.runsDir ?? DEFAULT_RUNS), folder) : fromCaller(folder));
}
