import { flagName, flags } from "../config/flags.ts";
import { type ConfigSource, DERIVED } from "../config/resolve.ts";
import { InputError } from "../errors.ts";
import { resolveRun } from "../run/directory.ts";
import { type Manifest, readManifest } from "../run/manifest.ts";

/** The directory of the one run that a command takes. Throws an InputError with `usage` unless exactly one is named. */
export async function oneRun(positionals: readonly string[], usage: string): Promise<string> {
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    const message = `Expected one run, such as runs/latest, and got ${positionals.length || "none"}. Usage: ${usage}`;
    throw new InputError([{ field: "run", message }]);
  }
  return await resolveRun(path);
}

/** A run's manifest, and the config that it means together with the flags of a command. */
export async function manifestSources(
  directory: string,
  values: Readonly<Record<string, unknown>>,
): Promise<{ readonly manifest: Manifest; readonly sources: readonly ConfigSource[] }> {
  const manifest = await readManifest(directory);
  // What the data decide is theirs to say.
  const own = Object.entries(manifest.config).filter(([key]) => manifest.config.task !== "table" || !(key in DERIVED));
  const sources = [
    { values: Object.fromEntries(own), nameOf: (key: string) => `"${key}" in ${directory}/run.json` },
    { values, nameOf: (key: string) => `--${flagName(key)}` },
  ];
  return { manifest, sources };
}

/** The flags for the keys that `wanted` picks. */
export function flagsFor(wanted: (key: string) => boolean): typeof flags {
  return flags.filter(({ key }) => wanted(key));
}
