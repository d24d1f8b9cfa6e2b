/** Answers "is it good?": the accuracy of the served model, large, beside what it is compared to. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { loss, percent } from "../../lib/report/format.ts";
import { difference, marginText, type Quality, type Reference } from "../../lib/report/quality.ts";

export function QualityCard({ quality }: { readonly quality: Quality }): ComponentChildren {
  const { model, rows, accuracy, margin, others } = quality;
  const notes = [
    ...quality.loss === undefined ? [] : [`loss ${loss(quality.loss)}`],
    ...accuracy === undefined && rows !== "" ? ["known when the first epoch has ended, or the n-grams are fitted"] : [],
    ...quality.macroF1 === undefined ? [] : [`macro-F1 ${quality.macroF1.toFixed(4)}`],
  ].join(" · ");
  return markup`
    <section id="quality" class="card" aria-labelledby="quality-title">
      <h2 id="quality-title">${model} <span id="quality-rows" class="at">${rows}</span></h2>
      <p><span id="accuracy-now" class="big">${percent(accuracy)}</span> <span class="at">${
    marginText(margin)
  }</span></p>
      <p id="loss-note" class="note">${notes}</p>
      <ul id="compared" class="compared" aria-label="Compared to">
        ${
    accuracy === undefined ? null : others.map((other) => h(Compared, { key: other.name, served: accuracy, ...other }))
  }
      </ul>
    </section>`;
}

interface ComparedProps extends Reference {
  readonly served: number;
}

/** Another model: its accuracy, and by how many percentage points it differs from the served one. */
function Compared({ name, title = name, accuracy, served }: ComparedProps): ComponentChildren {
  return markup`<li><span class="short name" title=${title}>${name}</span>
    <span class="track" aria-hidden="true"><span class="fill" style="width: ${100 * accuracy}%"></span></span>
    <span class="number">${percent(accuracy)}</span><span class="number at">${
    difference(served, accuracy)
  }</span></li>`;
}
