import { counted } from "../base/counted.ts";
import { InputError, type Problem, Problems } from "../base/errors.ts";
import { shortened, shortJson } from "../base/printable.ts";
import { clusterProblems } from "./cluster_rules.ts";
import { groupProblems } from "./group_rules.ts";
import { meantNames } from "./nearest.ts";
import { presets } from "./presets.ts";
import { type Config, configSchema } from "./schema.ts";

/** Values somebody gave, by key, and how to call a key when it is wrong. */
export interface ConfigSource {
  readonly values: Readonly<Record<string, unknown>>;
  /** `--batch-size` for a flag, `batchSize in run.json` for a file. */
  readonly nameOf: (key: string) => string;
}

/** The config that somebody asked for, over defaults that may come from elsewhere than the schema. */
export type Resolve = (defaults?: Partial<Config>) => Config;

/**
 * The whole config: the schema's defaults, then `defaults`, then the preset, then the sources, each over the one before.
 * Throws an InputError with every problem found: unknown keys (with the nearest known one) and wrong values.
 */
export function resolveConfig(
  preset: string | undefined,
  sources: readonly ConfigSource[],
  defaults: Partial<Config> = {},
): Config {
  const base = preset === undefined ? {} : Object.hasOwn(presets, preset) ? presets[preset] : undefined;
  if (!base) throw new InputError([unknown("preset", String(preset), Object.keys(presets), { field: "--preset" })]);
  const known = Object.keys(configSchema.shape);
  const isKnown = new Set(known);
  const problems = new Problems();
  const values: Record<string, unknown> = { ...defaults, ...base };
  const names: Record<string, string> = {};
  for (const { values: given, nameOf } of sources) {
    for (const [key, value] of Object.entries(given)) {
      if (!isKnown.has(key)) {
        problems.add(() => unknown("option", key, known, { nameOf, field: shortened(nameOf(key)) }));
        continue;
      }
      values[key] = value;
      names[key] = nameOf(key);
    }
  }
  const parsed = configSchema.safeParse(values);
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0] ?? "");
    const field = names[key] ?? key;
    problems.add(() => ({ field, message: `${field} is ${shown(values[key])}: ${expectation(issue)}` }));
  }
  problems.check();
  if (isFilled(values.data)) values.task ??= "table";
  return checkCombinations(configSchema.parse(values), names);
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** `value` as it would be written; what JSON has no word for, such as NaN, as JavaScript calls it. */
export function shown(value: unknown): string {
  try {
    return typeof value === "number" ? String(value) : shortJson(value);
  } catch {
    return `a ${typeof value}`; // a BigInt, or an object that refers to itself
  }
}

function unknown(
  kind: string,
  value: string,
  known: readonly string[],
  { field, nameOf = (name) => name }: { readonly field: string; readonly nameOf?: (name: string) => string },
): Problem {
  const meant = meantNames(value, known).map(nameOf).join(" or ");
  const hint = meant !== "" ? `did you mean ${meant}?` : `expected one of ${known.map(nameOf).join(", ")}`;
  return { field, message: `Unknown ${kind} ${shortened(nameOf(value))}: ${hint}` };
}

interface Issue {
  readonly code: string;
  readonly message: string;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly origin?: string;
  readonly values?: readonly unknown[];
  readonly errors?: readonly (readonly Issue[])[];
  readonly expected?: string;
}

/** What a value should have been, in words. */
export function expectation(issue: Issue): string {
  switch (issue.code) {
    case "too_small":
      return `expected at least ${issue.minimum}${issue.origin === "string" ? " character" : ""}`;
    case "too_big":
      // What may not come to 1 is a part of something.
      return `expected at most ${issue.maximum}${Number(issue.maximum) < 1 ? ", as a share: 0.2 for 20%" : ""}`;
    case "invalid_value":
      return `expected ${(issue.values ?? []).map(String).join(" or ")}`;
    case "invalid_union":
      return `expected ${(issue.errors ?? []).map((branch) => branch.map(wanted).join(" and ")).join(" or ")}`;
    case "invalid_type":
      return `expected ${wanted(issue)}`;
    default:
      return issue.message;
  }
}

function wanted(issue: Issue): string {
  if (issue.code !== "invalid_type") return expectation(issue).replace(/^expected /, "");
  if (issue.expected === "int") return "a whole number";
  return `${/^[aeiou]/.test(issue.expected ?? "") ? "an" : "a"} ${issue.expected}`;
}

/** Held-out sequences of a generated task: they are digested in one go. */
const MAX_GENERATED = 1_000_000;

/** And their tokens: some ten seconds of a core. */
const MAX_GENERATED_TOKENS = 1_000_000_000;

/** What files of rows decide themselves, and what decides it for them. */
export const DERIVED = {
  vocabulary: "maxVocabulary",
  length: "maxLength",
  stepsPerEpoch: "epochs",
  heldOut: "validation",
} as const;

/** Values that are right one by one and wrong together; `names` are those of the keys that somebody gave. */
function checkCombinations(config: Config, names: Readonly<Record<string, string>>): Config {
  const nameOf = (key: keyof Config) => names[key] ?? key;
  const problems: Problem[] = [];
  const hasData = config.data.length > 0;
  if (hasData !== (config.task === "table")) {
    const field = nameOf(hasData ? "data" : "task");
    const message = hasData
      ? `${field} is ${config.data.join(", ")}: expected none for the task ${config.task}`
      : `${field} is table: expected files to train on, such as --data tickets.csv`;
    problems.push({ field, message });
  }
  for (const [key, other] of Object.entries(DERIVED) as [keyof typeof DERIVED, keyof Config][]) {
    const field = names[key];
    if (!hasData || field === undefined) continue;
    const message = `${field} is ${
      config[key]
    }: expected nothing where the data decide it; ${other} is yours to choose`;
    problems.push({ field, message });
  }
  if (config.average === "gradients" && config.averageEvery !== 1) {
    const field = nameOf("averageEvery");
    problems.push({
      field,
      message: `${field} is ${config.averageEvery}: expected 1 with average "gradients", which averages every step`,
    });
  }
  if (config.workers !== "auto" && config.workers > config.shards) {
    const field = nameOf("workers");
    problems.push({
      field,
      message: `${field} is ${config.workers}: expected at most one a shard, and shards is ${config.shards}`,
    });
  }
  const steps = config.epochs * config.stepsPerEpoch;
  // How many steps an epoch has that goes through a table is known when the table is.
  if (config.task !== "table" && config.warmupSteps > steps) {
    const field = nameOf("warmupSteps");
    problems.push({
      field,
      message: `${field} is ${config.warmupSteps}: expected at most the run's ${
        counted(steps, "step")
      } (epochs · stepsPerEpoch)`,
    });
  }
  if (config.task === "parity" && config.classWeights !== "none") {
    const field = nameOf("classWeights");
    const message = `${field} is ${config.classWeights}: expected none for the task parity, whose classes are balanced`;
    problems.push({ field, message });
  }
  if (config.task === "parity" && config.heldOut > MAX_GENERATED) {
    const field = nameOf("heldOut");
    const message = `${field} is ${config.heldOut}: expected at most ${MAX_GENERATED} for the task parity`;
    problems.push({ field, message });
  }
  if (config.task === "parity" && config.heldOut * config.length > MAX_GENERATED_TOKENS) {
    const field = nameOf("heldOut");
    const message = `${field} is ${config.heldOut} and ${nameOf("length")} is ${config.length}: expected at most ` +
      `${MAX_GENERATED_TOKENS} held-out tokens, as the run's start digests them all`;
    problems.push({ field, message });
  }
  problems.push(...groupProblems(config, nameOf), ...clusterProblems(config, nameOf));
  if (problems.length > 0) throw new InputError(problems);
  return config;
}
