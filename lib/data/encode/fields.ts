/**
 * Turns the fields of a row into tokens: one for each number and category, then a mark for each text and the tokens of the
 * text behind it.
 */
import { Fields, listOf, oneOf, real, refuse, text } from "../../base/shapes.ts";
import { type Column, COLUMN_KINDS, type FieldRow } from "../../formats/columns.ts";
import { Spans, type Tokenizer } from "../tokenizers/tokenizer.ts";
import { FIELD_SEPARATOR } from "../vocabulary/token_keys.ts";

/** A column as a model saves it: numbers have the least value of each bin but the first. */
export type FieldColumn = Column & { readonly edges?: readonly number[] | undefined };

/** More bins than learnBins() makes. */
const MOST_EDGES = 1000;

/** Throws a ShapeError unless `value` is a column. */
export function columnShape(value: unknown, field: string): FieldColumn {
  const fields = new Fields(value, field).only("name", "kind", "edges");
  const kind = fields.read("kind", oneOf(...COLUMN_KINDS));
  const edges = fields.maybe("edges", listOf(real(-Infinity), 0, MOST_EDGES));
  if (edges?.some((edge, at) => at > 0 && edge <= edges[at - 1]!)) refuse(`${field}.edges`, edges, "ascending numbers");
  return { name: fields.read("name", text), kind, ...kind === "number" && { edges: edges ?? [] } };
}

/** Returns the token of a value of a column, which no text has. */
function fieldToken(name: string, value: string): string {
  return `${name}${FIELD_SEPARATOR}${value}`;
}

/** Returns the tokens that stand before the texts of `columns`. */
export function marksOf(columns: readonly Column[]): string[] {
  return columns.flatMap(({ name, kind }) => kind === "text" ? [fieldToken(name, "")] : []);
}

/** Returns the tokens of the bins between `edges`, then that of a missing number. */
export function binTokens({ name, edges = [] }: FieldColumn): string[] {
  const bins = edges.length === 0 ? ["any"] : [
    `<${edges[0]}`,
    ...edges.slice(1).map((edge, at) => `${edges[at]}…${edge}`),
    `≥${edges.at(-1)}`,
  ];
  return [...bins, ""].map((bin) => fieldToken(name, bin));
}

/** Returns the position of a number among the tokens of its bins. */
export function binOf(edges: ArrayLike<number>, value: number | null): number {
  if (value === null) return edges.length + 1;
  let [least, most] = [0, edges.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    if (edges[middle]! <= value) least = middle + 1;
    else most = middle;
  }
  return least;
}

/** Returns a token of a row of several columns as people read it: `amount: 10…25`, or `subject:` for a mark. */
export function shownToken(token: string | undefined): string | undefined {
  if (token === undefined || !token.includes(FIELD_SEPARATOR, 1)) return token;
  return token.replace(FIELD_SEPARATOR, token.endsWith(FIELD_SEPARATOR) ? ":" : ": ");
}

export interface FieldCutter {
  /** The positions of the columns of numbers, whose tokens come first. */
  readonly numbers: readonly number[];
  /** The positions of the columns of categories, whose tokens follow. */
  readonly categories: readonly number[];
  /** Cuts a row. The token of a number has the number itself: see binned(). */
  cut(row: FieldRow): string[];
}

/** `cutText` cuts a text, and `spelled` gives texts their spelling: see spellingOf(). */
export function createFieldCutter(
  columns: readonly Column[],
  cutText: Tokenizer["cut"],
  spelled: (text: string) => string,
): FieldCutter {
  const spans = new Spans();
  const clean = (value: unknown) => spelled(String(value)).replaceAll(FIELD_SEPARATOR, " ");
  const of = (wanted: Column["kind"]) => columns.flatMap(({ kind }, at) => kind === wanted ? [at] : []);
  const [numbers, categories, texts] = [of("number"), of("category"), of("text")];
  const marks = marksOf(columns);
  const cut = ({ fields }: FieldRow) => {
    const single = [...numbers, ...categories].map((at) => fieldToken(columns[at]!.name, clean(fields[at] ?? "")));
    return single.concat(...texts.map((at, text) => {
      cutText(clean(fields[at] ?? ""), spans);
      return [marks[text]!, ...spans.strings().map((token) => token ?? "")];
    }));
  };
  return { numbers, categories, cut };
}

/** Returns the function that cuts a row into the tokens that the model reads, with numbers in their bins. */
export function createBinnedCutter(columns: readonly FieldColumn[], cutter: FieldCutter): (row: FieldRow) => string[] {
  const bins = cutter.numbers.map((at) => ({ at, edges: columns[at]!.edges ?? [], tokens: binTokens(columns[at]!) }));
  return (row) => {
    const tokens = cutter.cut(row);
    bins.forEach(({ at, edges, tokens: own }, place) => {
      const value = row.fields[at];
      tokens[place] = own[binOf(edges, typeof value === "number" ? value : null)]!;
    });
    return tokens;
  };
}
