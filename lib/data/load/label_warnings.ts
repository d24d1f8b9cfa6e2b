/** What may be a mistake in the labels of data: names that look alike, that stand for nothing, or that come once. */
import { counted } from "../../base/counted.ts";
import type { DataStatistics } from "../statistics.ts";

/** What programs write where a value is missing. */
const MISSING = /^(?:[-+]?nan|null|nil|none|undefined|n\/?a|#n\/a|<na>|nat|missing)$/i;

/** Labels that are named in a warning. */
const NAMED = 5;

/** Rows of the other classes, on average, beside which a single row is odd. */
const USUAL_ROWS = 10;

export function labelWarnings(classes: DataStatistics["classes"]): string[] {
  const found: string[] = [];
  const seen = new Map<string, string>();
  for (const { label } of classes) {
    const other = seen.get(folded(label));
    if (other === undefined) seen.set(folded(label), label);
    else found.push(`labels ${JSON.stringify(other)} and ${JSON.stringify(label)} ${difference(other, label)}`);
  }
  const rows = classes.map(({ training, validation, test }) => training + validation + test);
  classes.forEach(({ label }, index) => {
    if (!MISSING.test(label)) return;
    const has = counted(rows[index]!, "row has", "rows have");
    found.push(`${has} the label ${JSON.stringify(label)}: a class of its own, or a value that is missing?`);
  });
  const quoted = classes.find(({ label }) => /^".*"$/s.test(label));
  if (quoted) found.push(`the label ${JSON.stringify(quoted.label)} has its quotes: is there a space before them?`);
  const single = classes.filter((_, index) => rows[index] === 1).map(({ label }) => JSON.stringify(label));
  const all = rows.reduce((sum, count) => sum + count, 0);
  if (single.length > 0 && all >= USUAL_ROWS * classes.length) {
    const names = single.slice(0, NAMED).join(", ") + (single.length > NAMED ? ", …" : "");
    found.push(single.length === 1 ? `the label ${names} has a single row` : `labels ${names} have a single row each`);
  }
  return found;
}

/** The same for labels that people take for the same. */
function folded(label: string): string {
  const text = plain(label).normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ");
  return isShortNumber(text) ? String(Number(text)) : text;
}

function plain(label: string): string {
  return label.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
}

/** Whether a number is exact as JavaScript keeps it. */
function isShortNumber(text: string): boolean {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,2})?$/.test(text) && text.replaceAll(/\D/g, "").length <= 15;
}

function difference(a: string, b: string): string {
  if (plain(a) === plain(b)) return "differ by characters that are not shown only";
  const [one, other] = [a, b].map((label) => plain(label).toLowerCase().replaceAll(/\s+/g, " "));
  if (one === other) return "differ by case or spacing only";
  return isShortNumber(one!) ? "are the same number" : "look alike: they differ by the form of some characters only";
}
