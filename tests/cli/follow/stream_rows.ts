/** Makes the rows of a stream whose rule a model can learn, and that may flip. */
import { Random } from "../../../lib/base/numbers/random.ts";

const WORDS = [["refund", "invoice", "charge"], ["crash", "error", "freeze"]] as const;
const FILLERS = ["please", "today", "my", "again", "order", "since"] as const;
const LABELS = ["billing", "bug"] as const;

/** Returns lines of JSON. From the row `flip` on, each rule is true for the other label. */
export function streamRows(count: number, flip = Infinity, seed = 1): string[] {
  const random = new Random(seed, 1);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random.uniform() * items.length)]!;
  return Array.from({ length: count }, (_, row) => {
    random.seek(4 * row);
    const kind = random.uniform() < 0.5 ? 0 : 1;
    const text = `${pick(FILLERS)} ${pick(WORDS[kind])} ${pick(FILLERS)}`;
    return JSON.stringify({ text, label: LABELS[row >= flip ? 1 - kind : kind] });
  });
}
