/** `train --follow SOURCE` learns from a stream of rows: its flags, and the options of files that a stream has not. */
import { InputError, inputError } from "../../../base/errors.ts";
import { followSchema } from "../../../config/follow_shape.ts";
import { resolveConfig } from "../../../config/resolve.ts";
import { configSchema, trainingConfigSchema } from "../../../config/schema.ts";
import { type Arguments, parseOptions, readConfigFile } from "../../arguments/arguments.ts";
import { fromCaller } from "../../arguments/caller.ts";
import { flagsOf } from "../../arguments/flags.ts";
import type { ExitCode } from "../../exit_codes.ts";
import type { TrainingOptions } from "../training.ts";
import { followAndServe, isAddress, STDIN } from "./serving.ts";

export const followFlags = flagsOf(followSchema);

/** Options that the stream sets itself, or that need all rows at once. */
const OF_FILES: readonly string[] = [
  ...["data", "validation", "test", "replay", "weights", "groupColumn", "timeColumn", "maxSeconds"],
  ...["cluster", "collect", "retrainAfter", "labelSeparator"],
];

/** Throws an InputError for options of a stream without one. */
export function refuseWithoutStream({ values, nameOf }: Pick<Arguments, "values" | "nameOf">): void {
  const given = followFlags.find(({ key }) => key in values);
  if (given) throw inputError(nameOf(given.key), `${nameOf(given.key)} is given without --follow: expected both`);
}

export async function followCommand(parsed: Arguments, options: TrainingOptions): Promise<ExitCode> {
  const { values: all, nameOf, extra, positionals } = parsed;
  const isOfStream = (key: string) => followFlags.some((flag) => flag.key === key);
  const entries = (wanted: (key: string) => boolean, of: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(of).filter(([key]) => wanted(key)));
  const stream = parseOptions(followSchema, entries(isOfStream, all), nameOf);
  const file = extra.config === undefined ? undefined : await readConfigFile(extra.config);
  const own = entries((key) => !isOfStream(key), all);
  // They are those of a stream on a NATS server; no run is on several machines.
  const { clusterCredentials, clusterCa, ...values } = {
    ...entries((key) => !OF_FILES.includes(key), file?.values ?? {}),
    ...own,
  } as Record<string, unknown>;
  const nats = parseOptions(natsSchema, { clusterCredentials, clusterCa }, nameOf);
  refuseOthers({ values: own, nameOf }, positionals, extra);
  const given = entries((key) => key in trainingConfigSchema.shape, values);
  // The rows come from the stream.
  const source = { values: { ...values, data: ["-"] }, nameOf };
  const config = resolveConfig(undefined, [source]);
  if (config.labels === "many") throw inputError("labels", "labels is many: a stream has rows of one label");
  const isNamed = isAddress(stream.follow) || stream.follow === STDIN;
  const follow = isNamed ? stream.follow : fromCaller(stream.follow);
  return await followAndServe({ ...stream, follow, values, given, config, nats }, options);
}

const natsSchema = configSchema.pick({ clusterCredentials: true, clusterCa: true });

function refuseOthers(
  { values, nameOf }: Pick<Arguments, "values" | "nameOf">,
  positionals: readonly string[],
  extra: Arguments["extra"],
): void {
  const others = [
    ...OF_FILES.filter((key) => key in values).map(nameOf),
    ...positionals,
    ...extra.preset === undefined ? [] : ["--preset"],
  ];
  if (others.length === 0) return;
  throw new InputError(
    others.map((field) => ({
      field,
      message: `${field} is given with --follow: expected only the rows of the stream`,
    })),
  );
}
