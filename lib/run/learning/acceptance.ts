/** Decides by validation rows whether a run answers better than the one that it continues from. */
import { counted } from "../../base/counted.ts";
import type { Summary } from "../../base/events.ts";

/** Accuracies on validation rows, before by the earlier model and after by the new one. */
export type BeforeAndAfter = NonNullable<Summary["parent"]>;

export interface Decision {
  readonly isBetter: boolean;
  /** A sentence for people. */
  readonly why: string;
}

/**
 * Accepts a model that is right on more validation rows than before, of the earlier and the new ones together, if it has
 * forgotten no more of the earlier ones than chance explains: at most one standard error of their accuracy. Equal models are
 * not better: another digest for nothing makes answers harder to compare, and the next training has the new rows too. It
 * counts rows and not each set alike, because a handful of new rows says little. Like any rule it depends only on the
 * accuracies, so that a training that is repeated is decided in the same way.
 */
export function rightMoreOften({ old, new: born }: BeforeAndAfter): Decision {
  if (old && old.before === undefined) return no("its accuracy on the earlier validation rows is not known");
  const sets = [old, born].flatMap((set) => set ? [{ ...set, before: set.before ?? 0 }] : []);
  const right = (side: "before" | "after") => sets.reduce((sum, set) => sum + Math.round(set.rows * set[side]), 0);
  const [rows, before, after] = [sets.reduce((sum, { rows }) => sum + rows, 0), right("before"), right("after")];
  if (rows === 0) return no("there are no validation rows");
  const counts = `${after} of ${counted(rows, "validation row")} ${after === 1 ? "is" : "are"} right, before ${before}`;
  const [earlier] = old ? sets : [];
  const lost = earlier ? Math.round(earlier.rows * earlier.before) - Math.round(earlier.rows * earlier.after) : 0;
  if (earlier && lost > standardError(earlier)) {
    const limit = Math.floor(standardError(earlier));
    return no(`${counts}, but ${lost} fewer of the ${earlier.rows} earlier ones, where chance explains ${limit}`);
  }
  return { isBetter: after > before, why: counts };
}

function no(why: string): Decision {
  return { isBetter: false, why };
}

/** Returns the standard error of the number of right rows, by the mean of both accuracies. */
function standardError({ rows, before, after }: { rows: number; before: number; after: number }): number {
  const accuracy = (before + after) / 2;
  return Math.sqrt(rows * accuracy * (1 - accuracy));
}
