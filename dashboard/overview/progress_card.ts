/** Answers "how long still?": one bar over all epochs, its per cent and the time that is left. */
import { counted } from "../../lib/base/counted.ts";
import { html as markup } from "htm/preact";
import type { ComponentChildren } from "preact";
import { extentOf, extentText, recentRate } from "../../lib/report/extent.ts";
import { count, duration, percent } from "../../lib/report/format.ts";
import { isStopped, type RunView, setting } from "../../lib/report/run_view.ts";

/** Phases in which training time grows. */
const BUSY: readonly string[] = ["waiting", "running", "paused", "stopping"];

interface ProgressProps {
  readonly view: RunView;
  /** Training time until now. */
  readonly seconds: number;
}

export function ProgressCard({ view, seconds }: ProgressProps): ComponentChildren {
  const extent = extentOf(view);
  const epochs = setting(view, "epochs");
  const epoch = epochs === undefined ? count(view.epoch) : `${count(view.epoch)} of ${count(epochs)}`;
  const facts: [id: string, name: string, value: string][] = [
    ["epoch-now", "epoch", extent ? epoch : "–"],
    [
      "elapsed",
      BUSY.includes(view.phase) ? "training for" : "trained for",
      view.lastId === 0 ? "–" : duration(seconds),
    ],
    ["rate-now", "sequences/s", count(recentRate(view))],
  ];
  return markup`
    <section id="progress" class="card" aria-labelledby="progress-title">
      <h2 id="progress-title">${titleOf(view)}</h2>
      <p id="left" class="big">${
    view.phase === "finished" && !isStopped(view.summary) ? "Done" : extent ? extentText(extent) : "–"
  }</p>
      <progress id="done" max=${extent?.total ?? 1} value=${extent?.done ?? 0} aria-label="Steps done"></progress>
      <p id="epoch-note" class="note">${noteOf(view)}</p>
      <dl class="facts">${
    facts.map(([id, name, value]) => markup`<div key=${id}><dt>${name}</dt><dd id=${id}>${value}</dd></div>`)
  }</dl>
    </section>`;
}

function titleOf({ phase, summary, place }: RunView): string {
  if (summary) return isStopped(summary) ? `Stopped: ${summary.reason}` : `Finished: ${summary.reason}`;
  if (phase === "queued") return `Place ${count(place)} in the queue`;
  if (phase === "failed" || phase === "interrupted") return phase === "failed" ? "Failed" : "Interrupted";
  return { waiting: "Waiting", running: "Training", paused: "Paused", stopping: "Stopping after this round" }[
    phase as string
  ] ?? "Training";
}

/** Says where training is, and what may end it early. */
function noteOf(view: RunView): string {
  const { started, round, step, phase } = view;
  if (!started) return "Not started";
  const place = `round ${count(round)}` + (round === step ? "" : ` · step ${count(step)}`) +
    ` · ${counted(started.workers, "worker")}`;
  const target = setting(view, "targetAccuracy") ?? 0;
  const patience = setting(view, "patience") ?? 0;
  if (phase !== "running" && phase !== "paused") return place;
  if (target > 0 && patience === 0) return `${place} · ends earlier at ${percent(target)}`;
  return patience > 0 ? `${place} · ends earlier after ${counted(patience, "epoch")} without progress` : place;
}
