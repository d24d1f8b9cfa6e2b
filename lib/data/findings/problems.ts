import { counted } from "../../base/counted.ts";
import { InputError, type Problem } from "../../base/errors.ts";
import { type RowProblem } from "../formats/entry.ts";
import { sourceName } from "../formats/bytes.ts";

/** Problems that are kept to be listed; all are counted. */
const LISTED = 20;

/** The rows that could not be used. */
export class ProblemLog {
  readonly #listed: RowProblem[] = [];
  #count = 0;

  add(problem: RowProblem): void {
    this.#count++;
    if (this.#listed.length < LISTED) this.#listed.push(problem);
  }

  get count(): number {
    return this.#count;
  }

  /** The first ones. */
  get listed(): readonly RowProblem[] {
    return this.#listed;
  }

  /** The refusal of data with these problems. */
  error(): InputError {
    return new InputError(problemsOf(this.#listed, this.#count));
  }
}

/** `listed` problems as those of an InputError; `count` says how many there are. */
export function problemsOf(listed: readonly RowProblem[], count: number): Problem[] {
  const problems = listed.map((problem): Problem => {
    const field = `${sourceName(problem.file)}:${problem.line}`;
    return { field, message: `${field} ${problem.problem}` };
  });
  const more = count - listed.length;
  if (more > 0) {
    problems.push({
      field: "data",
      message: `and ${counted(more, "more bad row")}: --on-bad-row skip leaves such rows out`,
    });
  }
  return problems;
}
