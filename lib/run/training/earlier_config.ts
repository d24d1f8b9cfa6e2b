/** Resolves the config of a run that is trained again: its own values, and those of the new process. */
import type { ConfigSource } from "../../config/resolve.ts";
import { DERIVED } from "../../config/rules.ts";
import type { Manifest } from "../files/manifest.ts";

/** Returns the values of the run in `directory` as a source of a config. Values that follow from the data are left to the data. */
export function manifestSource(directory: string, { config }: Pick<Manifest, "config">): ConfigSource {
  const own = Object.entries(config).filter(([key]) => config.task !== "table" || !(key in DERIVED));
  return { values: Object.fromEntries(own), nameOf: (key) => `"${key}" in ${directory}/run.json` };
}
