/** The view of errors and data: what the served model confuses, its parts, and the files it was trained on. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Evaluations } from "../../lib/model/evaluation.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import type { Store } from "../store.ts";
import { Card } from "../ui/card.ts";
import { ClassesCard } from "./classes_card.ts";
import { ConfusionCard } from "./confusion_card.ts";
import { DataCards } from "./data_cards.ts";
import { OutcomeCard } from "./outcome_card.ts";
import { PartsCard } from "./parts_card.ts";

export function Evaluation({ store }: { readonly store: Store }): ComponentChildren {
  const role = useSignal<keyof Evaluations>("validation");
  const summary = store.summary.value;
  const { value: evaluations, error } = store.evaluations.value;
  const evaluation = evaluations?.[role.value] ?? evaluations?.validation;
  const shown = evaluations?.[role.value] ? role.value : "validation";
  const wide = (evaluation?.classes.length ?? 0) > 8;
  return markup`
    <div class="view evaluation ${wide ? "wide" : ""}">
      ${
    evaluation && summary
      ? markup`
      ${
        h(OutcomeCard, {
          evaluation,
          role: shown,
          hasTest: evaluations?.test !== undefined,
          choose: (name) => role.value = name,
        })
      }
      ${h(PartsCard, { evaluation, role: shown, summary })}
      ${h(ClassesCard, { classes: evaluation.classes, key: `classes ${shown}` })}
      ${h(ConfusionCard, { evaluation, key: `confusion ${shown}` })}`
      : h(Card, {
        id: "evaluation-metrics",
        title: "Served model",
        empty: error ?? missingText(store.view.value),
      })
  }
      ${h(DataCards, { data: store.data.value, missing: dataText(store.view.value) })}
    </div>`;
}

function missingText({ started, phase, summary }: RunView): string {
  if (!started) return "Nothing yet";
  if (!started.data) return "This run trains on generated data";
  if (phase === "failed" || phase === "interrupted") {
    return `The run ${phase === "failed" ? "failed" : "was interrupted"}`;
  }
  return summary?.validation ? "Loading" : "Available after training";
}

function dataText({ started }: RunView): string {
  if (!started) return "Nothing yet";
  return started.data ? "Loading" : "This run trains on generated data and has no files";
}
