/** Collects what is wrong with rows, and what may be a mistake in them. */
import { counted } from "../../base/counted.ts";
import { InputError, type Problem } from "../../base/errors.ts";
import type { RowWarning } from "../../formats/read_options.ts";
import { sourceName } from "../../formats/bytes.ts";
import { type RowProblem } from "../../formats/entry.ts";

/** Problems, and kinds of warnings, that are kept to be listed. */
const LISTED = 20;

/** Counts the bad rows, and keeps the first ones. */
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

  /** The first problems. */
  get listed(): readonly RowProblem[] {
    return this.#listed;
  }

  /** Returns the error that refuses data with these problems. */
  error(): InputError {
    return new InputError(problemsOf(this.#listed, this.#count));
  }
}

/** Returns `listed` problems as those of an InputError; `count` is the number of all problems. */
export function problemsOf(listed: readonly RowProblem[], count: number): Problem[] {
  const problems = listed.map((problem): Problem => {
    const field = `${sourceName(problem.file)}:${problem.line}`;
    return { field, message: `${field} ${problem.problem}` };
  });
  const more = count - listed.length;
  if (more > 0) {
    problems.push({
      field: "data",
      message: `and ${counted(more, "more bad row")}: set \`onBadRow\` to skip to leave such rows out`,
    });
  }
  return problems;
}

/** Keeps each kind of warning once, with the place where it first occurred and the number of rows. */
export class WarningLog {
  readonly #found = new Map<string, { readonly place: string; count: number }>();

  add({ file, line, warning }: RowWarning): void {
    const known = this.#found.get(warning);
    if (known) known.count++;
    else if (this.#found.size < LISTED) this.#found.set(warning, { place: `${sourceName(file)}:${line}`, count: 1 });
  }

  get messages(): string[] {
    return Array.from(this.#found, ([warning, { place, count }]) => {
      const more = count === 1 ? "" : ` (and ${counted(count - 1, "more such row")})`;
      return `${place} ${warning}${more}`;
    });
  }
}
