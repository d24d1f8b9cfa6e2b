/** A row that the model got wrong: where it is, its text, its class and the one that was predicted. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Evaluation } from "../../lib/model/evaluation.ts";
import { percent, readable } from "../../lib/report/format.ts";
import { Short } from "../ui/card.ts";

type MistakeProps = Evaluation["mistakes"][number];

export function Mistake({ place, text, label, given, confidence }: MistakeProps): ComponentChildren {
  return markup`<li>
    <p class="verdict">${h(Short, { text: label, look: "actual" })}${" predicted as "}${
    h(Short, { text: given, look: "predicted" })
  }${` (${percent(confidence)}) `}<span class="place">${place}</span></p>
    <p class="text">${
    readable(text).map((part) =>
      part ?? markup`<abbr class="unknown" title="a token that the model does not know">unknown</abbr>`
    )
  }</p></li>`;
}
