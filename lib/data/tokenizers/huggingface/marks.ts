/**
 * Sorts long runs of combining marks before they are normalized. The runtime sorts a run of n marks in n² steps, unless it
 * is in order already; a text and the same one with its marks in order have the same normal forms.
 */

/** Shorter runs are sorted soon enough. All that are sorted are marks. */
const LONG_RUN = /\p{M}{32,}/gu;

/** Marks of the first and of the last class (U+0334 of class 1, U+0345 of class 240). */
const FIRST = "\u0334";
const LAST = "\u0345";

/** `text` with the marks of long runs decomposed, and in the order that Unicode gives them. */
export function withSortedMarks(text: string): string {
  return text.replace(LONG_RUN, sorted);
}

function sorted(run: string): string {
  const done: string[] = [];
  /** Per class its marks since the last character that others are not sorted across. */
  let marks = new Map<string, string[]>();
  const flush = () => {
    for (const one of classes) for (const mark of marks.get(one) ?? []) done.push(mark);
    marks = new Map();
  };
  for (const char of run) {
    for (const mark of char.normalize("NFD")) {
      const own = classOf(mark);
      if (own === undefined) {
        flush();
        done.push(mark);
      } else {
        const others = marks.get(own);
        if (others) others.push(mark);
        else marks.set(own, [mark]);
      }
    }
  }
  flush();
  return done.join("");
}

/** Canonical combining classes that were met so far, in their order: each is named by one of its marks. */
const classes: string[] = [];
const known = new Map<string, string | undefined>();

/** The class of a mark; undefined for a character that stays where it is. */
function classOf(mark: string): string | undefined {
  if (known.has(mark)) return known.get(mark);
  let own: string | undefined;
  if (comesAfter(LAST, mark) || comesAfter(mark, FIRST)) {
    const at = classes.findIndex((other) => !comesAfter(mark, other));
    own = at >= 0 && !comesAfter(classes[at]!, mark) ? classes[at]! : mark;
    if (own === mark) classes.splice(at < 0 ? classes.length : at, 0, mark);
  }
  known.set(mark, own);
  return own;
}

/** Whether Unicode puts `first` behind `second`. */
function comesAfter(first: string, second: string): boolean {
  return (first + second).normalize("NFD") !== first + second;
}
