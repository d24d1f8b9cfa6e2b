/** Follows runs that continue from one another, to show how many labels bought how much accuracy. */
import type { RunDetail } from "../run/types.ts";

/** A run of a lineage. */
export interface Generation {
  readonly run: string;
  /** Labelled rows of its own files, and of all runs until it; undefined where a run does not say. */
  readonly added: number | undefined;
  readonly total: number | undefined;
  /** Accuracy on its validation rows: of the run before it, and its own. */
  readonly before: number | undefined;
  readonly after: number;
  readonly test: number | undefined;
}

export interface Lineage {
  /** The earliest first. */
  readonly generations: readonly Generation[];
  /** The run that the first one continues from, if it is not known. */
  readonly missing: string | undefined;
}

type Run = Pick<RunDetail, "id" | "summary">;
type Finished = Run & { readonly summary: NonNullable<Run["summary"]> };

const parentOf = ({ summary }: Finished) => summary.parent?.run;

/**
 * Returns the runs that `id` continues from, `id`, and then those that continue from it: of several, the newest. Only
 * finished runs on files count.
 */
export function lineageOf(runs: readonly Run[], id: string): Lineage {
  const isFinished = (run: Run): run is Finished => Boolean(run.summary?.validation);
  const all = new Map(runs.filter(isFinished).map((run) => [run.id, run]));
  const chain: Finished[] = [];
  // A damaged summary may name a run that continues from it.
  const isNew = (run: Finished | undefined): run is Finished => run !== undefined && !chain.includes(run);
  for (let run = all.get(id); isNew(run); run = all.get(parentOf(run) ?? "")) chain.unshift(run);
  const newestOf = (id: string) =>
    [...all.values()].filter((run) => parentOf(run) === id).toSorted((a, b) => a.id < b.id ? 1 : -1)[0];
  for (let run = newestOf(id); isNew(run); run = newestOf(run.id)) chain.push(run);
  const [first] = chain;
  const missing = first && parentOf(first);
  let total: number | undefined = missing === undefined ? 0 : undefined;
  const generations = chain.map(({ id, summary: { rows, parent, validation, test } }) => {
    total = total === undefined || rows === undefined ? undefined : total + rows;
    return { run: id, added: rows, total, before: before(parent), after: validation!.accuracy, test: test?.accuracy };
  });
  return { generations, missing };
}

/** Returns the accuracy of the earlier model on all validation rows, the new and the earlier ones. */
function before(parent: Finished["summary"]["parent"]): number | undefined {
  const sets = [parent?.new, parent?.old].filter((set) => set !== undefined);
  const rows = sets.reduce((sum, set) => sum + set.rows, 0);
  const right = sets.reduce((sum, set) => sum + set.rows * (set.before ?? NaN), 0);
  return Number.isNaN(right / rows) ? undefined : right / rows;
}
