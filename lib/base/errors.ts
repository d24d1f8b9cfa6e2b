/**
 * This layer has what every other layer uses: errors, events, random numbers, text and time helpers. It knows nothing of
 * data, models or training. Start with the events, which describe all that happens in a run.
 */

/**
 * Describes one fault of an input.
 *
 * @example
 * ```ts
 * import { load, type Problem } from "lockstep";
 *
 * const model = await load("runs/latest");
 * const problems: readonly Problem[] = await model.predict([]).then(() => [], ({ problems }) => problems);
 * console.log(problems.map(({ field, message }) => `${field}: ${message}`));
 * ```
 */
export interface Problem {
  /** Names the faulty value: `batchSize`, `instances[3].tokens[0]`, `--port`. */
  readonly field: string;
  /** Says what is wrong, with the value and what was expected. Options of the config stand in backquotes. */
  readonly message: string;
}

/**
 * Reports bad input: a flag, a file or a request. The command line exits with 2, HTTP answers 4xx with the problems.
 *
 * @example
 * ```ts
 * import { InputError, train } from "lockstep";
 *
 * const error = await train({ data: "nowhere.csv" }).catch((error: unknown) => error);
 * if (error instanceof InputError) console.log(error.problems);
 * ```
 */
export class InputError extends Error {
  /** Distinguishes it from other errors. */
  override readonly name = "InputError";
  /** The faults, or the first of many. */
  readonly problems: readonly Problem[];
  /** Counts the problems that are not listed. */
  readonly more: number;

  /** The message has a line for each problem. */
  constructor(problems: readonly Problem[], more = 0) {
    const messages = problems.map(({ message }) => message);
    super([...messages, ...more > 0 ? [`and ${more} more`] : []].join("\n"));
    this.problems = problems;
    this.more = more;
  }
}

/** Creates the error of one problem. */
export function inputError(field: string, message: string): InputError {
  return new InputError([{ field, message }]);
}

/** Limits the problems that are listed: a file with thousands of faults does not get as many answers. */
export const MOST_LISTED = 20;

/** Collects problems: describes the first ones, and counts the others. */
export class Problems {
  readonly listed: Problem[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Calls `describe` only if its problem is listed. */
  add(describe: () => Problem): void {
    if (this.listed.length < MOST_LISTED) this.listed.push(describe());
    this.#count++;
  }

  /** Adds all problems of `error`. */
  addAll({ problems, more }: InputError): void {
    for (const problem of problems) this.add(() => problem);
    this.#count += more;
  }

  error(): InputError {
    return new InputError(this.listed, this.#count - this.listed.length);
  }

  /** Throws an InputError if there are any. */
  check(): void {
    if (this.#count > 0) throw this.error();
  }
}

/**
 * Reports a damaged or foreign file in a run. The command line exits with 1, HTTP answers 409 with the file's name.
 *
 * @example
 * ```ts
 * import { DamagedFile, load } from "lockstep";
 *
 * const found = await load("runs/latest").catch((error: unknown) => error);
 * if (found instanceof DamagedFile) console.log(found.path, found.reason);
 * ```
 */
export class DamagedFile extends RangeError {
  /** Distinguishes it from other errors. */
  override readonly name = "DamagedFile";
  /** The file. */
  readonly path: string;
  /** Says what is wrong with it. */
  readonly reason: string;

  /** The message names the file and the reason. */
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`Cannot read "${path}": ${reason}`, options);
    this.path = path;
    this.reason = reason;
  }
}

/**
 * Reports that training cannot continue; committed and saved rounds are intact. The command line exits with 1.
 *
 * @example
 * ```ts
 * import { train, TrainingError } from "lockstep";
 *
 * const found = await train({ data: "tickets.csv", epochs: 1 }).catch((error: unknown) => error);
 * if (found instanceof TrainingError) console.log(found.message);
 * ```
 */
export class TrainingError extends Error {
  /** Distinguishes it from other errors. */
  override readonly name = "TrainingError";
}

/** Returns the message of an unknown thrown value. A missing permission is described as by missingPermission(). */
export function errorMessage(error: unknown): string {
  const denied = deniedAccess(error);
  if (denied) return missingPermission(denied.access === "read" ? "read" : "write to", denied.path);
  return error instanceof Error ? error.message : String(error);
}

/** Returns the access that the runtime did not permit, or undefined for any other error. */
export function deniedAccess(error: unknown): { readonly access: "read" | "write"; readonly path: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, access, path] = /^Requires (read|write) access to "?(.*?)"?, run again with/.exec(error.message) ?? [];
  return access === undefined || path === undefined
    ? undefined
    : { access: access === "read" ? "read" : "write", path };
}

/** Says that this process lacks a permission. The command line adds the command that grants it. */
export function missingPermission(
  access: "read" | "write to" | "listen on" | "connect to" | "load",
  value: string,
): string {
  return `this process may not ${access} "${value}"`;
}

/** Returns the system's name of an error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
