/// <reference lib="dom" />
/** Draws validation loss and accuracy of the selected runs, each in one chart. */
import type { RunDetail } from "../../lib/run/types.ts";
import type { Line } from "./align.ts";
import { type Axis, Chart, type ChartSpec, type LineSpec } from "./chart.ts";
import { accuracyRange, accuracyTick, lossTick } from "./charts.ts";
import { byId } from "../page/dom.ts";
import { loss, percent } from "../state/format.ts";
import { readHistory } from "../state/history.ts";
import type { Selection } from "../state/selection.ts";
import { EPOCHS, type RunView } from "../state/state.ts";
import type { Colour } from "./theme.ts";

/** Colour and dashes by slot: lines differ in both, so that either is enough to tell them apart. */
const LOOKS: readonly Pick<LineSpec, "colour" | "dash">[] = ([
  { colour: "training" },
  { colour: "validation", dash: [9, 4] },
  { colour: "third", dash: [3, 3] },
  { colour: "fourth", dash: [10, 3, 2, 3] },
  { colour: "ink", dash: [16, 5] },
] as const).map(({ colour, ...rest }) => ({
  colour: colour as Colour,
  ...("dash" in rest ? { dash: [...rest.dash] } : {}),
}));

export class Compare {
  readonly #cards = {
    loss: byId("compare-loss", HTMLElement),
    accuracy: byId("compare-accuracy", HTMLElement),
  };
  #charts: { readonly loss: Chart; readonly accuracy: Chart } | undefined;
  /** Identifies the runs that the charts have lines for. */
  #lines = "";
  /** Histories by run. */
  readonly #read = new Map<string, RunView>();
  readonly #failed = new Set<string>();
  #reading: string | undefined;
  #drawn = "";

  /** Draws the selected runs. `shown` is the run that the page follows, whose events it has. */
  draw(selection: Selection, runs: readonly RunDetail[], shown: RunView, axis: Axis): void {
    const picked = selection.flatMap((id, slot) => id === undefined ? [] : [{ id, slot }]);
    const views = picked.map(({ id }) => id === shown.run ? shown : this.#read.get(id));
    void this.#readMissing(picked.map(({ id }) => id), runs, shown.run);
    this.#prepare(picked);
    const state = JSON.stringify([picked, views.map((view) => view?.epochs.pushed), axis, this.#failed.size]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const missing = this.#missing(picked.map(({ id }) => id), views);
    for (const key of ["loss", "accuracy"] as const) {
      this.#charts?.[key].draw(views.map((view) => lineOf(view, key, axis)), axis, missing);
    }
  }

  redraw(): void {
    this.#charts?.loss.redraw();
    this.#charts?.accuracy.redraw();
  }

  /** Returns the text for charts without lines. */
  #missing(picked: readonly string[], views: readonly (RunView | undefined)[]): string {
    if (picked.length === 0) return "Select runs below";
    const failed = picked.find((id) => this.#failed.has(id));
    if (failed !== undefined) return `The events of run ${failed} cannot be read`;
    return views.includes(undefined) ? "Loading" : "No epoch has ended yet";
  }

  /** Makes charts with a line per run of `picked`, unless they exist. */
  #prepare(picked: readonly { readonly id: string; readonly slot: number }[]): void {
    const lines = JSON.stringify(picked);
    if (lines === this.#lines && this.#charts) return;
    this.#lines = lines;
    this.#drawn = "";
    this.#charts?.loss.remove();
    this.#charts?.accuracy.remove();
    const shared = {
      group: "compare",
      lines: picked.map(({ id, slot }) => ({ label: id, marked: true, ...LOOKS[slot]! })),
    };
    const lossSpec: ChartSpec = { ...shared, unit: "nats", value: loss, tick: lossTick };
    const accuracySpec: ChartSpec = {
      ...shared,
      unit: "% correct",
      value: percent,
      tick: accuracyTick,
      range: accuracyRange,
    };
    this.#charts = {
      loss: new Chart(this.#cards.loss, lossSpec),
      accuracy: new Chart(this.#cards.accuracy, accuracySpec),
    };
  }

  /** Reads one history after the other, since a browser opens few connections to a server. */
  async #readMissing(wanted: readonly string[], runs: readonly RunDetail[], shown: string): Promise<void> {
    if (this.#reading !== undefined) return;
    const run = runs.find(({ id, events }) =>
      id !== shown && wanted.includes(id) && !this.#failed.has(id) && (this.#read.get(id)?.lastId ?? -1) < events
    );
    if (!run) return;
    this.#reading = run.id;
    try {
      this.#read.set(run.id, await readHistory(run, this.#read.get(run.id)));
    } catch {
      this.#failed.add(run.id);
    } finally {
      this.#reading = undefined;
    }
  }
}

function lineOf(view: RunView | undefined, key: "loss" | "accuracy", axis: Axis): Line {
  if (!view) return { x: new Float64Array(), y: new Float64Array() };
  return { x: view.epochs.column(EPOCHS[axis]), y: view.epochs.column(EPOCHS[key]) };
}
