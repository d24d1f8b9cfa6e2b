/** The first view: is it good, how long still, what does it get wrong, try it; then the curves. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { missingEvaluation } from "../../lib/report/evaluation/evaluation_text.ts";
import { qualityOf } from "../../lib/report/quality.ts";
import { linkTo } from "../state/address.ts";
import type { Store } from "../store.ts";
import { Curves } from "./curves.ts";
import { MistakesCard } from "./mistakes_card.ts";
import { PredictBox } from "./predict_box.ts";
import { StreamCharts } from "./stream_charts.ts";
import { ProgressCard, QualityCard } from "./status_cards.ts";

export function Overview({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  const { value: evaluations, error } = store.evaluations.value;
  const hasCurves = view.points > 0 || ["running", "waiting", "finished"].includes(view.phase);
  // Rows of generated data say nothing to people.
  const hasRows = view.started ? view.started.data !== undefined : view.config["task"] === "table";
  // The banner says all that is known of a run that is not there.
  if (view.phase === "waiting" && ["empty", "preparing"].includes(store.link.value)) return null;
  const mistakes = {
    evaluation: evaluations?.test ?? evaluations?.validation,
    missing: error ?? missingEvaluation(view),
    href: linkTo({ ...store.address.value, view: "evaluation" }),
  };
  return markup`
    <div class="view overview" data-evaluated=${String(evaluations !== undefined)}>
      ${h(QualityCard, qualityOf(view, { data: store.data.value.value, last: store.before }))}
      ${h(ProgressCard, { view, seconds: store.seconds.value })}
      ${h(PredictBox, { run: view.run, model: store.model.value, columns: store.data.value.value?.columns })}
      ${hasRows && h(MistakesCard, mistakes)}
      ${hasCurves && markup`<div class="curves">${h(StreamCharts, view)}${h(Curves, { view, axis: store.axis })}</div>`}
    </div>`;
}
