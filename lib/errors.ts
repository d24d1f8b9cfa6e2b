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

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.problems = problems;
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

/** What an unknown thrown value says. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
