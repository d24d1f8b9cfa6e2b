/** Colours the tokens of a text by what they add to the answer. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Reasons } from "../../lib/standalone/answer_types.ts";

/** Tokens with less of the greatest weight, in percent, are not underlined. */
const VISIBLE = 5;

interface ReasonsProps {
  /** Undefined for a question of tokens, which are shown by their names. */
  readonly text: string | undefined;
  readonly reasons: Reasons;
}

/** The text, or the tokens, each with a shade. */
export function Coloured({ text, reasons: { tokens } }: ReasonsProps): ComponentChildren {
  const most = tokens.reduce((sum, { weight }) => Math.max(sum, Math.abs(weight)), Number.MIN_VALUE);
  const parts: ComponentChildren[] = [];
  let at = 0;
  tokens.forEach(({ token, weight, start, end }, index) => {
    if (text !== undefined && (start === undefined || end === undefined)) return;
    const share = Math.round(100 * Math.abs(weight) / most);
    const look = weight < 0 && share >= VISIBLE ? "against" : "";
    parts.push(
      text === undefined ? " " : text.slice(at, start),
      markup`<span key=${index} class="reason ${look}" title=${signed(weight)} style="--share: ${share}">${
        text?.slice(start, end) ?? token
      }</span>`,
    );
    at = end ?? at;
  });
  return [...parts, text?.slice(at)];
}

/** The same, and what is compared. */
export function ReasonsView(props: ReasonsProps): ComponentChildren {
  const { label, against, logOdds } = props.reasons;
  const compared = against === null ? "" : ` rather than ${against}`;
  const says = `${label}${compared}: log-odds ${signed(logOdds)}. Underlined words speak against it.`;
  return markup`<p id="reasons" class="prose">${h(Coloured, props)}</p><p class="hint">${says}</p>`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
