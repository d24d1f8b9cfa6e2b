/**
 * A stand-in for the part of jsr:@std/cli/parse-args that this project uses, over node:util's parseArgs, for machines
 * that cannot reach JSR. Same name and signature: removing the `links` line in deno.json switches to the real package.
 */
import { parseArgs as parse } from "node:util";

export interface ParseOptions {
  /** Flags that take no value. */
  readonly boolean?: readonly string[];
  /** Flags whose value is a string. */
  readonly string?: readonly string[];
  /** Those of `string` that may come several times: their values are listed. */
  readonly collect?: readonly string[];
  /** Called for every argument that is not listed; `false` leaves it out of the result. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export interface Args {
  readonly [flag: string]: unknown;
  readonly _: readonly (string | number)[];
}

/** Parses `args`: `--flag value`, `--flag=value`, `--no-flag` for booleans, `--` before what is no flag. */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const booleans = new Set(options.boolean ?? []);
  const strings = new Set(options.string ?? []);
  const collected = new Set(options.collect ?? []);
  const { tokens } = parse({
    args: separated(args, strings),
    options: Object.fromEntries([
      ...[...booleans].map((name) => [name, { type: "boolean" }] as const),
      ...[...strings].map((name) => [name, { type: "string" }] as const),
    ]),
    strict: false,
    allowNegative: true,
    allowPositionals: true,
    tokens: true,
  });
  const flags: Record<string, unknown> = {};
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    const negated = token.name.startsWith("no-") && booleans.has(token.name.slice(3));
    const name = negated ? token.name.slice(3) : token.name;
    const known = booleans.has(name) || strings.has(name);
    if (!known && options.unknown?.(token.rawName, name, token.value) === false) continue;
    const value = strings.has(name) ? token.value ?? "" : negated ? false : token.value ?? true;
    const before = flags[name];
    flags[name] = collected.has(name) ? [...(Array.isArray(before) ? before : []), value] : value;
  }
  return { ...flags, _: rest };
}

/** A flag that is followed by another flag has no value; node would take that flag for it. A number may be negative. */
function separated(args: readonly string[], strings: ReadonlySet<string>): string[] {
  return args.map((arg, index) => {
    const lacksValue = /^-(?!\.?\d)/.test(args[index + 1] ?? "");
    return arg.startsWith("--") && strings.has(arg.slice(2)) && lacksValue ? `${arg}=` : arg;
  });
}
