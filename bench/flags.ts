/** Parses the command-line flags of the benchmarks. */
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "../lib/base/nearest.ts";
import { InputError, type Problem } from "../lib/base/errors.ts";
import { KERNEL_CHOICES, type KernelChoice } from "../lib/config/kernels.ts";
import { type BenchEngine, ENGINES } from "./train/engines.ts";
import { type Shape, shapeName, SHAPES } from "./train/shapes.ts";

const SECTIONS = ["step", "scaling", "recipe"] as const;
type Section = typeof SECTIONS[number];

export interface BenchOptions {
  readonly help: boolean;
  readonly sections: readonly Section[];
  /** The sections requested by name; all by default. */
  readonly engines: readonly BenchEngine[];
  readonly enginesGiven: boolean;
  /** The kernels of the engine simd, which is measured with each. */
  readonly kernels: readonly KernelChoice[];
  readonly shapes: readonly Shape[];
  /** The length of a measured stage. */
  readonly seconds: number;
  /** The length of the first warm-up; by default that of `stagesOf`. */
  readonly warmUpSeconds: number | undefined;
  readonly repeats: number;
  /** Leaves out a measurement, or ends a training, that takes longer. */
  readonly limitSeconds: number;
  readonly json: string | undefined;
}

const FULL = { seconds: 3, repeats: 5, shapes: SHAPES, limitSeconds: 60 };
const QUICK = { seconds: 0.5, repeats: 1, shapes: SHAPES.slice(0, 2), limitSeconds: 10 };

export const HELP = `Usage: deno task bench [FLAGS]

  --quick             a first look: ${QUICK.repeats} repeat of ${QUICK.seconds} s, shapes 0,1
  --only ${SECTIONS.join("|")}
                      one part: steps beside PyTorch and tfjs, one worker beside two,
                      or seconds until the default recipe has learnt its task
  --engines A,B       of ${ENGINES.map(({ name }) => name).join(", ")} [all; recipe: the default one]
  --kernels A,B       of the engine simd: ${KERNEL_CHOICES.join(", ")} [auto]
  --shapes 0,1        by number [all]
${SHAPES.map((shape, index) => `                        ${index}: ${shapeName(shape)}`).join("\n")}
  --seconds S         length of a measured stage [${FULL.seconds}]
  --warm-up S         length of the warm-up before the first one [a quarter of --seconds, at least 1]
  --repeats N         turns of each contestant; of the recipe, seeds [${FULL.repeats}]
  --limit S           seconds after which a measurement is given up; ten times that for a training [${FULL.limitSeconds}]
  --json FILE         write all measurements there
  --help              this
`;

const TAKING = ["only", "engines", "kernels", "shapes", "seconds", "warm-up", "repeats", "limit", "json"] as const;
const SWITCHES = ["quick", "help"] as const;

/** Parses `args`. Throws an InputError with all problems. */
export function parseFlags(args: readonly string[]): BenchOptions {
  const problems: Problem[] = [];
  const refuse = (field: string, message: string) => void problems.push({ field, message });
  const parsed = parseArgs([...args], {
    string: [...TAKING],
    boolean: [...SWITCHES],
    unknown: (arg, key) => {
      const guess = key === undefined ? undefined : nearest(key, [...TAKING, ...SWITCHES]);
      const hint = guess ? `did you mean --${guess}?` : "--help lists the flags";
      refuse(arg, `Unknown ${key === undefined ? "argument" : "flag"} ${arg}: ${hint}`);
      return false;
    },
  });
  for (const stray of parsed._) {
    const field = String(stray);
    if (!problems.some((problem) => problem.field === field)) {
      refuse(field, `Unknown argument ${field}: expected flags`);
    }
  }
  /** Returns the flag's value, which `read` parses from its text, and refuses a text without one. */
  function value<Value>(name: typeof TAKING[number], initial: Value, wanted: string, read: Reader<Value>): Value {
    const text = parsed[name];
    if (text === undefined) return initial;
    const result = typeof text === "string" && text !== "" ? read(text) : undefined;
    if (result === undefined) refuse(`--${name}`, `--${name} is "${text}": expected ${wanted}`);
    return result ?? initial;
  }

  const base = parsed.quick ? QUICK : FULL;
  const names = ENGINES.map(({ name }) => name);
  const options: BenchOptions = {
    help: parsed.help === true,
    sections: value("only", SECTIONS, oneOf(SECTIONS), (text) => some(SECTIONS, [text], (section) => section)),
    engines: value(
      "engines",
      ENGINES,
      `one or more of ${names.join(",")}`,
      (text) => some(ENGINES, text.split(","), ({ name }) => name),
    ),
    enginesGiven: parsed.engines !== undefined,
    kernels: value<readonly KernelChoice[]>(
      "kernels",
      ["auto"],
      `one or more of ${KERNEL_CHOICES.join(",")}`,
      (text) => some(KERNEL_CHOICES, text.split(","), (choice) => choice),
    ),
    shapes: value(
      "shapes",
      base.shapes,
      `numbers from 0 to ${SHAPES.length - 1}, such as 0,1`,
      (text) => some(SHAPES, text.split(","), (_, index) => String(index)),
    ),
    seconds: value("seconds", base.seconds, "a number from 0.1 to 3600", between(0.1, 3600)),
    warmUpSeconds: value<number | undefined>("warm-up", undefined, "a number from 1 to 3600", between(1, 3600)),
    repeats: value("repeats", base.repeats, "a whole number from 1 to 1000", (text) => {
      const number = between(1, 1000)(text);
      return Number.isInteger(number) ? number : undefined;
    }),
    limitSeconds: value("limit", base.limitSeconds, "a number from 1 to 86400", between(1, 86_400)),
    json: value<string | undefined>("json", undefined, "a file name", (text) => text),
  };
  if (problems.length > 0) throw new InputError(problems);
  return options;
}

type Reader<Value> = (text: string) => Value | undefined;

function oneOf(words: readonly string[]): string {
  return words.join(" or ");
}

/** Returns the items that `wanted` names, in their own order; undefined if a name is unknown. */
function some<Item>(
  items: readonly Item[],
  wanted: readonly string[],
  nameOf: (item: Item, index: number) => string,
): readonly Item[] | undefined {
  const names = items.map(nameOf);
  if (!wanted.every((name) => names.includes(name))) return undefined;
  return items.filter((_, index) => wanted.includes(names[index]!));
}

function between(least: number, most: number): Reader<number> {
  return (text) => {
    const number = Number(text);
    return number >= least && number <= most ? number : undefined;
  };
}
