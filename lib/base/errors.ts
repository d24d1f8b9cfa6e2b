/** One thing that is wrong with what somebody gave us. */
export interface Problem {
  /** Where: `batchSize`, `instances[3].tokens[0]`, `--port`. */
  readonly field: string;
  /** What is wrong, with the value at hand and what was expected. */
  readonly message: string;
}

/** Bad input: a flag, a file or a request. The command line exits with 2, HTTP answers 4xx with the problems. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly problems: readonly Problem[];
  /** Problems beyond these, which are counted only. */
  readonly more: number;

  constructor(problems: readonly Problem[], more = 0) {
    const messages = problems.map(({ message }) => message);
    super([...messages, ...more > 0 ? [`and ${more} more`] : []].join("\n"));
    this.problems = problems;
    this.more = more;
  }
}

/** Problems that are told; a request or file with thousands of faults does not get as many answers, nor their work. */
export const MOST_TOLD = 20;

/** Collects problems: describes the first ones, and counts the others. */
export class Problems {
  readonly told: Problem[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `describe` is called only if its problem is told. */
  add(describe: () => Problem): void {
    if (this.told.length < MOST_TOLD) this.told.push(describe());
    this.#count++;
  }

  /** Adds all problems of `error`. */
  addAll({ problems, more }: InputError): void {
    for (const problem of problems) this.add(() => problem);
    this.#count += more;
  }

  error(): InputError {
    return new InputError(this.told, this.#count - this.told.length);
  }

  /** Throws an InputError if there are any. */
  check(): void {
    if (this.#count > 0) throw this.error();
  }
}

/** A file of ours that is damaged, or not one at all. The command line exits with 1, HTTP answers 409 with the file's name. */
export class DamagedFile extends RangeError {
  override readonly name = "DamagedFile";
  readonly path: string;
  /** What is wrong with it. */
  readonly reason: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`Cannot read "${path}": ${reason}`, options);
    this.path = path;
    this.reason = reason;
  }
}

/** Training could not go on; what was committed and saved before is intact. The command line exits with 1. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
}

/** What an unknown thrown value says. What the task may not read or write is said in words of our own. */
export function errorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const denied = deniedAccess(error);
  return denied ? notPermitted(denied.access, denied.path) : message;
}

/** What the runtime did not permit; undefined if it is something else that went wrong. */
export function deniedAccess(error: unknown): { readonly access: "read" | "write"; readonly path: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, access, path] = /^Requires (read|write) access to "?(.*?)"?, run again with/.exec(error.message) ?? [];
  return access === undefined || path === undefined
    ? undefined
    : { access: access === "read" ? "read" : "write", path };
}

/** Tasks that have the permissions of another one. */
const SETS: Readonly<Record<string, string>> = { resume: "train", verify: "check" };

/** That the task may not read `path`, or not write to it, and how it may. */
export function notPermitted(access: "read" | "write", path: string): string {
  const task = Deno.args[0] ?? "train";
  const flags = access === "read" ? `--allow-read=.,${path}` : `--allow-read=.,${path} --allow-write=${path}`;
  return `it is not among those that the task may ${access}. ` +
    `Start with deno run -P=${SETS[task] ?? task} ${flags} main.ts ${task} …`;
}

/** That a command may not write to `path`, which the flag `field` names. */
export function cannotWrite(path: string, field: string): InputError {
  return new InputError([{ field, message: `Cannot write to "${path}": ${notPermitted("write", path)}` }]);
}
