/** The first view: is it good, how long still, what does it get wrong, try it; then the curves. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { linkTo } from "../state/address.ts";
import { qualityOf } from "../../lib/report/quality.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import type { Store } from "../store.ts";
import { Curves } from "./curves.ts";
import { MistakesCard } from "./mistakes_card.ts";
import { PredictBox } from "./predict_box.ts";
import { ProgressCard } from "./progress_card.ts";
import { QualityCard } from "./quality_card.ts";

export function Overview({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  const { value: evaluations, error } = store.evaluations.value;
  const quality = qualityOf(view, { data: store.data.value.value, last: store.before });
  const href = linkTo({ ...store.address.value, view: "evaluation" });
  const isMissing = ["empty", "preparing"].includes(store.link.value) && view.phase === "waiting";
  const hasCurves = view.points > 0 || view.phase === "running" || view.phase === "waiting";
  // Rows of generated data say nothing to people.
  const hasRows = view.started ? view.started.data !== undefined : hasCurves;
  // The banner says all there is.
  if (isMissing) return null;
  const mistakes = {
    evaluation: evaluations?.test ?? evaluations?.validation,
    missing: error ?? missingText(view),
    href,
  };
  return markup`
    <div class="view overview" data-evaluated=${String(evaluations !== undefined)}>
      ${h(QualityCard, { quality })}
      ${h(ProgressCard, { view, seconds: store.seconds.value })}
      ${h(PredictBox, { run: view.run, model: store.model.value })}
      ${hasRows ? h(MistakesCard, mistakes) : null}
      ${hasCurves ? markup`<div class="curves">${h(Curves, { view, axis: store.axis })}</div>` : null}
    </div>`;
}

/** Says why a run has no evaluation. */
function missingText({ started, phase, summary }: RunView): string {
  if (!started) return "Nothing yet";
  if (phase === "failed" || phase === "interrupted") return "Training did not end, so nothing was evaluated";
  return summary?.validation ? "Loading" : "Known when training has ended";
}
