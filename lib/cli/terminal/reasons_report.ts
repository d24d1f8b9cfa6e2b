/** Formats the reasons of an answer as lines of text. */
import { printableExcerpt } from "../../base/printable.ts";
import type { Reasons } from "../../standalone/answer_types.ts";
import { columns } from "./columns.ts";

/** Tokens that are listed, and n-grams. */
const MOST_TOKENS = 10;
const MOST_NGRAMS = 5;

/** Lists the tokens and the n-grams that add most to an answer, or speak most against it. */
export function reasonLines(
  { label, against, logOdds, rest, tokens, ngrams }: Reasons,
  width: number | undefined,
): string[] {
  const size = ({ weight }: { readonly weight: number }) => Math.abs(weight);
  const shown = tokens.toSorted((a, b) => size(b) - size(a)).slice(0, MOST_TOKENS);
  const others = tokens.filter((token) => !shown.includes(token)).reduce((sum, { weight }) => sum + weight, 0);
  const name = (text: string) => printableExcerpt(text === "" ? "(unknown)" : text);
  const pairs = ngrams.toSorted((a, b) => size(b) - size(a)).slice(0, MOST_NGRAMS);
  const compared = against === null ? "" : ` against ${printableExcerpt(against)}`;
  return [
    `Reasons: log-odds ${signed(logOdds)} of ${printableExcerpt(label)}${compared}`,
    ...columns([
      ...shown.map(({ token, weight }) => [name(token), signed(weight)]),
      ...tokens.length > shown.length ? [[`${tokens.length - shown.length} others`, signed(others)]] : [],
      ["without a token", signed(rest)],
    ], width).map(indented),
    ...pairs.length > 0 ? ["Among them n-grams:"] : [],
    ...columns(pairs.map(({ text, weight }) => [name(text), signed(weight)]), width).map(indented),
  ];
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(2)}`;
}

function indented(line: string): string {
  return `  ${line}`;
}
