/** Answers "is it good?": the accuracy of the served model, large, beside what it is compared to. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { loss, percent } from "../../lib/report/format.ts";
import { difference, marginText, type Quality, type Reference } from "../../lib/report/quality.ts";
import { Bar } from "../ui/card.ts";

export function QualityCard(
  { model, rows, accuracy, margin, others, loss: mean, macroF1 }: Quality,
): ComponentChildren {
  const notes = [
    mean !== undefined && `loss ${loss(mean)}`,
    model === "Accuracy" && accuracy === undefined && rows !== "" && "known when the first epoch has ended",
    macroF1 !== undefined && `macro-F1 ${macroF1.toFixed(4)}`,
  ].filter((note) => note !== false);
  // By how many percentage points another model differs from the served one.
  const compared = (served: number, { name, title = name, accuracy: share }: Reference) =>
    h(
      Bar,
      { key: name, name, title, share },
      markup`<span class="number">${percent(share)}</span><span class="number at">${difference(served, share)}</span>`,
    );
  return markup`
    <section id="quality" class="card" aria-labelledby="quality-title">
      <h2 id="quality-title">${model} <span id="quality-rows" class="at">${rows}</span></h2>
      <p><span id="accuracy-now" class="big">${percent(accuracy)}</span> <span class="at">${
    marginText(margin)
  }</span></p>
      <p id="loss-note" class="note">${notes.join(" · ")}</p>
      <ul id="compared" class="bars compared" aria-label="Compared to">
        ${accuracy !== undefined && others.map((other) => compared(accuracy, other))}
      </ul>
    </section>`;
}
