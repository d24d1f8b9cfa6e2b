/** The cards that answer "is it good?" and "how long still?" with one large value each. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { counted } from "../../lib/base/counted.ts";
import { extentOf, extentText, recentRate } from "../../lib/report/extent.ts";
import { count, duration, loss, percent } from "../../lib/report/format.ts";
import { difference, marginText, type Quality, type Reference } from "../../lib/report/quality.ts";
import { isStopped, type Phase, type RunView, setting } from "../../lib/report/run_view.ts";
import { Bar } from "../ui/card.ts";

/** The accuracy of the served model, beside what it is compared to. */
export function QualityCard(
  { model, rows, accuracy, margin, others, loss: mean, macroF1, change }: Quality,
): ComponentChildren {
  const notes = [
    mean !== undefined && `loss ${loss(mean)}`,
    model === "Accuracy" && accuracy === undefined && rows !== "" && "known when the first epoch has ended",
    macroF1 !== undefined && `macro-F1 ${macroF1.toFixed(4)}`,
    change !== undefined && change,
  ].filter((note) => note !== false);
  // By how many percentage points another model differs from the served one.
  const compared = (served: number, { name, title = name, accuracy: share }: Reference) => {
    const by = markup`<span class="number at">${difference(served, share)}</span>`;
    return h(Bar, { key: name, name, title, share }, markup`<span class="number">${percent(share)}</span>${by}`);
  };
  const range = markup`<span class="at">${marginText(margin)}</span>`;
  return markup`
    <section id="quality" class="card" aria-labelledby="quality-title">
      <h2 id="quality-title">${model} <span id="quality-rows" class="at">${rows}</span></h2>
      <p><span id="accuracy-now" class="big">${percent(accuracy)}</span> ${range}</p>
      <p id="loss-note" class="note">${notes.join(" · ")}</p>
      <ul id="compared" class="bars compared" aria-label="Compared to">
        ${accuracy !== undefined && others.map((other) => compared(accuracy, other))}
      </ul>
    </section>`;
}

/** One bar over all epochs, its per cent and the time that is left; `seconds` is the training time until now. */
export function ProgressCard(
  { view, seconds }: { readonly view: RunView; readonly seconds: number },
): ComponentChildren {
  const extent = extentOf(view);
  const epochs = setting(view, "epochs");
  const epoch = count(view.epoch) + (epochs === undefined ? "" : ` of ${count(epochs)}`);
  const isBusy = ["waiting", "running", "paused", "stopping"].includes(view.phase);
  const isDone = view.phase === "finished" && !isStopped(view.summary);
  const facts = [
    ["epoch-now", "epoch", extent ? epoch : "–"],
    ["elapsed", isBusy ? "training for" : "trained for", extent ? duration(view.summary?.seconds ?? seconds) : "–"],
    ["rate-now", "sequences/s", count(recentRate(view))],
  ].map(([id, name, value]) => markup`<div key=${id}><dt>${name}</dt><dd id=${id}>${value}</dd></div>`);
  return markup`
    <section id="progress" class="card" aria-labelledby="progress-title">
      <h2 id="progress-title">${titleOf(view)}</h2>
      <p id="left" class="big">${isDone ? "Done" : extent ? extentText(extent) : "–"}</p>
      <progress id="done" max=${extent?.total ?? 1} value=${extent?.done ?? 0} aria-label="Steps done"></progress>
      <p id="epoch-note" class="note">${noteOf(view)}</p>
      <dl class="facts">${facts}</dl>
    </section>`;
}

const TITLES: Readonly<Partial<Record<Phase, string>>> = {
  waiting: "Waiting",
  failed: "Failed",
  interrupted: "Interrupted",
  paused: "Paused",
  stopping: "Stopping after this round",
};

function titleOf({ phase, summary, place }: RunView): string {
  if (summary) return `${isStopped(summary) ? "Stopped" : "Finished"}: ${summary.reason}`;
  return phase === "queued" ? `Place ${count(place)} in the queue` : TITLES[phase] ?? "Training";
}

/** Says where training is, and what may end it early. */
function noteOf(view: RunView): string {
  const { started, summary, round, step, phase } = view;
  const { workers } = started ?? summary ?? {};
  if (workers === undefined) return "Not started";
  const steps = round === step ? [] : [`step ${count(step)}`];
  const place = [`round ${count(round)}`, ...steps, counted(workers, "worker")].join(" · ");
  const target = setting(view, "targetAccuracy") ?? 0;
  const patience = setting(view, "patience") ?? 0;
  if (phase !== "running" && phase !== "paused") return place;
  if (patience > 0) return `${place} · ends earlier after ${counted(patience, "epoch")} without progress`;
  return target > 0 ? `${place} · ends earlier at ${percent(target)}` : place;
}
