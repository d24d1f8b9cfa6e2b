import { InputError, type Problem, Problems } from "../base/errors.ts";
import { shortened, shortJson } from "../base/printable.ts";
import { meantNames } from "../base/nearest.ts";
import { presets } from "./presets.ts";
import { ruleProblems } from "./rules.ts";
import { type Config, configSchema } from "./schema.ts";

/** Given values by key, and the names of keys in messages. */
export interface ConfigSource {
  readonly values: Readonly<Record<string, unknown>>;
  /** Names a key as its source writes it: as a flag, or as `batchSize in run.json`. */
  readonly nameOf: (key: string) => string;
}

/** Resolves the requested config over `defaults`, which may differ from those of the schema. */
export type Resolve = (defaults?: Partial<Config>) => Config;

/**
 * Resolves the whole config: the schema's defaults, `defaults`, the preset and the sources override each other in this
 * order. Throws an InputError with every problem: unknown keys (with the nearest known one), wrong values, and wrong
 * combinations.
 */
export function resolveConfig(
  preset: string | undefined,
  sources: readonly ConfigSource[],
  defaults: Partial<Config> = {},
): Config {
  const base = preset === undefined ? {} : Object.hasOwn(presets, preset) ? presets[preset] : undefined;
  if (!base) throw new InputError([unknown("preset", String(preset), Object.keys(presets), { field: "preset" })]);
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
  const config = configSchema.parse(values);
  const broken = ruleProblems(config, names);
  if (broken.length > 0) throw new InputError(broken);
  return config;
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** Returns `value` as JSON, or as JavaScript writes it if JSON cannot, such as NaN. */
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

/** Says what a value should have been. */
export function expectation(issue: Issue): string {
  switch (issue.code) {
    case "too_small":
      return `expected at least ${issue.minimum}${issue.origin === "string" ? " character" : ""}`;
    case "too_big":
      // A value that must stay below 1 is a fraction.
      return `expected at most ${issue.maximum}${Number(issue.maximum) < 1 ? ", as a fraction: 0.2 for 20%" : ""}`;
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
