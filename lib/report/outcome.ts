/** Texts about a finished run. */
import type { Summary } from "../base/events.ts";

/**
 * Describes how the served model combines its parts; `share` is the LSTM's, from 0 to 1, and `refitRows` counts the rows that
 * the n-grams were fitted to at the end, if those have the validation rows.
 */
export function modelText(share: number, refitRows: number | undefined, percent: (share: number) => string): string {
  if (share === 1) return "only the LSTM, which n-grams do not improve";
  const refit = refitRows === undefined
    ? ""
    : `, refitted to all ${refitRows.toLocaleString("en-US")} training and validation rows`;
  if (share === 0) return `only the n-grams, which the LSTM does not improve${refit}`;
  return `LSTM and n-grams combined, ${percent(share)} LSTM and ${percent(1 - share)} n-grams${refit}`;
}

/**
 * Tells whether the n-grams by themselves are as good as the served model: their accuracy on the same rows is at most one standard
 * error lower.
 */
export function isLinearEnough(
  { validation, test, baseline }: Pick<Summary, "validation" | "test" | "baseline">,
): boolean {
  const served = test ?? validation;
  const linear = test ? baseline?.test : baseline?.validation;
  if (!served || !linear) return false;
  return linear.accuracy >= served.accuracy - Math.sqrt(served.accuracy * (1 - served.accuracy) / served.rows);
}

interface ClassResult {
  /** The evaluated rows of the class. */
  readonly support: number;
  readonly f1: number;
}

/** Sorts classes by F1, the lowest first, of equal ones those with more rows; classes without rows come last. */
export function worstFirst<Result extends ClassResult>(classes: readonly Result[]): Result[] {
  const f1 = (one: Result) => one.support === 0 ? Infinity : one.f1;
  return classes.toSorted((a, b) => f1(a) === f1(b) ? b.support - a.support : f1(a) - f1(b));
}

interface RunEnd {
  /** False if training was stopped before its end. */
  readonly isFinal: boolean;
  /** True while a server answers with the run's model. */
  readonly isServed: boolean;
  /** An input of the model as a word of a command; default: a text. */
  readonly input?: string | undefined;
  /** False if its rows cannot be read again, as those of standard input; default: true. */
  readonly hasFiles?: boolean;
}

/**
 * Lists commands for the model of `run`, its directory or id; or, if training was stopped, the one that resumes it.
 * `program` is what stands before the name of a command.
 */
export function nextCommands(
  run: string,
  { isFinal, isServed, input = '"your text"', hasFiles = true }: RunEnd,
  program = "deno task",
): string[] {
  const name = shellWord(run);
  if (!isFinal) return [`${program} resume ${name}`];
  return [
    `${program} predict ${name} ${input}`,
    `${program} evaluate ${name} --data FILE`,
    `${program} export ${name} --to js`,
    ...isServed ? [] : [`${program} serve ${name}`],
    ...hasFiles ? [findWrongLabels(name, program)] : [],
  ];
}

/** Returns the command that finds wrong labels among the rows of `run`. */
export function findWrongLabels(run: string, program = "deno task"): string {
  return `${program} check ${run} --cross-validate 5`;
}

/** Quotes `text` if a shell would change it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
