/** The parts of the served model by themselves, and commands that follow. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Summary } from "../../lib/base/events.ts";
import type { RowMetrics } from "../../lib/base/row_metrics.ts";
import { modelText, nextCommands } from "../../lib/report/outcome.ts";
import type { Evaluation, Evaluations } from "../../lib/model/evaluation.ts";
import { loss, percent } from "../../lib/report/format.ts";
import { isStopped } from "../../lib/report/run_view.ts";
import { Card } from "../ui/card.ts";
import { Copy } from "../ui/copy.ts";
import { Numbers } from "../ui/table.ts";

interface PartsProps {
  readonly evaluation: Evaluation;
  readonly role: keyof Evaluations;
  readonly summary: Summary;
}

export function PartsCard({ evaluation, role, summary }: PartsProps): ComponentChildren {
  const { lstm, baseline, run } = summary;
  const rounded = (share: number) => percent(share, 0);
  const model = lstm ? modelText(lstm.share, baseline?.refitRows, rounded) : "only the LSTM";
  // The LSTM is what is served if nothing is combined with it.
  const ofLstm = lstm ? lstm[role] : evaluation;
  const ofNgrams = baseline?.[role];
  const commands = nextCommands(run, { isFinal: !isStopped(summary), isServed: true });
  return h(
    Card,
    { id: "evaluation-parts", title: "LSTM and n-grams" },
    markup`
    <p id="model-text" class="hint">The served model is ${model}</p>
    ${
      h(Numbers, {
        labelledBy: "evaluation-parts-title",
        columns: ["", "accuracy", "macro-F1", "loss"],
        rows: [
          ["LSTM", ...cellsOf(ofLstm)],
          ...ofNgrams ? [["n-grams (baseline)", ...cellsOf(ofNgrams)] as const] : [],
        ],
      })
    }
    <h3 id="next-title">Next</h3>
    <ul id="next" class="commands" aria-labelledby="next-title">${
      commands.map((command) =>
        markup`<li key=${command}><code>${command}</code>${h(Copy, { text: command, name: command }, "Copy")}</li>`
      )
    }</ul>`,
  );
}

/** Returns the cells of a part; the baseline has only accuracy and loss. */
function cellsOf(part: Partial<RowMetrics> | undefined): [string, string, string] {
  return [percent(part?.accuracy), percent(part?.macroF1), loss(part?.loss)];
}
