/** Decides whether data can be trained on, and warns of possible mistakes in them. */
import { counted } from "../../base/counted.ts";
import type { Problem } from "../../base/errors.ts";
import type { SourceEncoder } from "../encode/encode_sources.ts";
import { quotedSource } from "../../formats/bytes.ts";
import type { DataStatistics } from "../statistics.ts";
import { chosenMinCount } from "../vocabulary/choose_vocabulary.ts";
import type { LoadedData, LoadOptions } from "./loaded_data.ts";

/** With more classes than this, and fewer than two rows for each, the labels are probably not classes. */
const MANY_CLASSES = 100;

/** Returns the reasons why `data` cannot be trained on; none if it can. */
export function refusals(data: LoadedData, options: LoadOptions): Problem[] {
  const { statistics } = data;
  const { parts, classes } = statistics;
  const { textColumn, labelColumn, minCount, validation, test } = options;
  const rows = data.training.statistics.rows + (data.validation?.statistics.rows ?? 0);
  const sources = options.sources.map(quotedSource).join(", ");
  const refuse = (field: string, why: string): Problem => ({ field, message: `Cannot train on ${sources}: ${why}` });
  if (data.training.statistics.rows === 0) return [refuse("data", "there are no rows")];
  if (classes.length === 1) {
    const only = JSON.stringify(classes[0]!.label);
    const rowsHave = rows === 1 ? "the only row has" : `all ${counted(rows, "row")} have`;
    return [refuse("data", `${rowsHave} the label ${only}, expected at least two classes`)];
  }
  const given = classes.reduce((sum, { training, validation }) => sum + training + validation, 0);
  const own = classes.length - (options.known?.labels.length ?? 0);
  if (own > MANY_CLASSES && 2 * own > given) {
    const labels = `there are ${counted(own, "different label")} in ${counted(rows, "row")}`;
    return [refuse("labelColumn", `${labels}. Is "${labelColumn}" the column of labels?`)];
  }
  const problems: Problem[] = [];
  const { known, vectors } = statistics.vocabulary;
  if (known === 0) {
    const least = chosenMinCount(minCount, data.training.statistics.rows);
    problems.push(
      statistics.vocabulary.distinct === 0
        ? refuse("data", `no row has a token. Is "${textColumn}" the column of texts?`)
        : refuse("minCount", `no token occurs ${counted(least, "time")} in the training rows. Set \`minCount\` to 1`),
    );
  }
  if (known !== 0 && vectors?.words === 0) {
    const first = JSON.stringify(data.preprocessing.vocabulary[0]);
    const why = `none of the ${counted(known ?? 0, "known token")} of the rows, the first ${first}, has a vector. ` +
      "Expected vectors of the same language and tokenizer";
    problems.push({ field: "vectors", message: `Cannot use ${quotedSource(options.vectors)} as vectors: ${why}` });
  }
  for (const [role, source] of [["validation", validation], ["test", test]] as const) {
    if (typeof source === "string" && source !== "" && (parts[role]?.rows ?? 0) === 0) {
      problems.push({ field: role, message: `Cannot use ${quotedSource(source)} for ${role}: there are no rows` });
    }
  }
  const split = statistics.split;
  // New rows of a continued run may have none: the earlier ones do.
  if (typeof validation === "number" && validation > 0 && !data.validation && !options.known) {
    problems.push(noValidationRows(split, refuse));
  }
  const unseen = split && classes.find(({ training, validation }) => training === 0 && validation > 0);
  if (unseen && data.validation && !statistics.labels) {
    const why =
      `the label ${JSON.stringify(unseen.label)} only occurs from ${split.from} on, in the validation rows. ` +
      "Make `validation` smaller, or leave its rows out";
    problems.push(refuse("timeColumn", why));
  }
  return problems;
}

/** Says why a share of the rows is none. */
function noValidationRows(split: DataStatistics["split"], refuse: (field: string, why: string) => Problem): Problem {
  if (!split) {
    return refuse("validation", "no class has two rows, so the validation set is empty. Set `validation` to a file");
  }
  const { column, groups } = split;
  return groups
    ? refuse("groupColumn", `every group of "${column}" has the only rows of a class, so the validation set is empty`)
    : refuse("timeColumn", `all rows have the same "${column}", so the validation set is empty`);
}

/** With fewer validation rows, their accuracy is off by ten points or more in either direction. */
const FEW_ROWS = 20;

/** Returns warnings of possible mistakes in data that can be used. */
export function warnings(
  { tokens, duplicates, warnings: { messages } }: SourceEncoder,
  classes: DataStatistics["classes"],
  { validation }: Pick<LoadedData, "validation">,
): string[] {
  const found = [...messages, ...labelWarnings(classes)];
  const rows = validation?.statistics.rows ?? FEW_ROWS;
  if (rows < FEW_ROWS) {
    found.push(
      `only ${counted(rows, "validation row")}: the accuracy on so few means little. ` +
        "Add rows, raise `validation`, or set it to a file of validation rows",
    );
  }
  if (tokens.forgotten > 0) {
    const forgotten = counted(tokens.forgotten, "rare token is unknown", "rare tokens are unknown");
    found.push(`${forgotten}, because there are too many different ones to remember`);
  }
  if (!duplicates.isWhole) found.push("duplicates were only searched among the first four million different rows");
  return found;
}

/** Warns of a share of validation rows that is off by more than this factor. */
const USUAL_SHARE = 1.25;

/** Warns if groups, or rows of the same time, are too large for the wanted share of validation rows. */
export function splitWarnings(
  { training, validation }: Pick<LoadedData, "training" | "validation">,
  split: DataStatistics["split"],
  share: number,
): string[] {
  if (!split || !validation) return [];
  const rows = validation.statistics.rows;
  const found = rows / (rows + training.statistics.rows);
  if (Math.max(found / share, share / found) <= USUAL_SHARE) return [];
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  const why = split.groups ? `the groups of "${split.column}"` : `rows of the same "${split.column}"`;
  return [`the validation set has ${percent(found)} of the rows instead of ${percent(share)}: ${why} stay together`];
}

/** Matches what programs write for a missing value. */
const MISSING = /^(?:[-+]?nan|null|nil|none|undefined|n\/?a|#n\/a|<na>|nat|missing)$/i;

/** Labels that are listed in a warning. */
const NAMED = 5;

/** A label with a single row is suspicious if the classes have this many rows on average. */
const USUAL_ROWS = 10;

/** Warns of labels that look alike, stand for a missing value, include quotes, or have only one row. */
function labelWarnings(classes: DataStatistics["classes"]): string[] {
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
    found.push(`${has} the label ${JSON.stringify(label)}: is it a class, or a missing value?`);
  });
  const quoted = classes.find(({ label }) => /^".*"$/s.test(label));
  if (quoted) found.push(`the label ${JSON.stringify(quoted.label)} includes quotes: is there a space before them?`);
  const single = classes.filter((_, index) => rows[index] === 1).map(({ label }) => JSON.stringify(label));
  const all = rows.reduce((sum, count) => sum + count, 0);
  if (single.length > 0 && all >= USUAL_ROWS * classes.length) {
    const names = single.slice(0, NAMED).join(", ") + (single.length > NAMED ? ", …" : "");
    found.push(single.length === 1 ? `the label ${names} has only one row` : `labels ${names} have only one row each`);
  }
  return found;
}

/** Returns the same text for labels that people consider equal. */
function folded(label: string): string {
  const text = visible(label).normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ");
  return isShortNumber(text) ? String(Number(text)) : text;
}

function visible(label: string): string {
  return label.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
}

/** Tells whether `text` is a number that JavaScript represents exactly. */
function isShortNumber(text: string): boolean {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,2})?$/.test(text) && text.replaceAll(/\D/g, "").length <= 15;
}

function difference(a: string, b: string): string {
  if (visible(a) === visible(b)) return "differ only in invisible characters";
  const [one, other] = [a, b].map((label) => visible(label).toLowerCase().replaceAll(/\s+/g, " "));
  if (one === other) return "differ only in case or spacing";
  return isShortNumber(one!) ? "are the same number" : "look alike: they differ only in the form of some characters";
}
