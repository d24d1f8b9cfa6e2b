import { assert, assertEquals } from "@std/assert";
import { displayWidth } from "../../../lib/cli/terminal/columns.ts";
import { progressLine } from "../../../lib/cli/terminal/progress_line.ts";
import { apply } from "../../../lib/report/run_events.ts";
import { createView, type RunView } from "../../../lib/report/run_view.ts";
import { textRun } from "../../dashboard/browser/fake_runs.ts";
import { at } from "../../dashboard/browser/trained_run.ts";

const baseline = { type: "baseline", validation: { loss: 0.31, accuracy: 0.8725 }, seconds: 1.2 } as const;

/** A run that made `steps` steps, and knows its n-grams. */
function viewOf(steps: number): RunView {
  const run = textRun(steps);
  run.record(baseline, at(steps));
  const view = createView(run.id);
  for (const event of run.events) apply(view, event);
  return view;
}

Deno.test("progressLine() has a bar, per cent, the time left and the quality, if they fit", () => {
  const lines = [120, 90, 60, 47, 40, 20].map((columns) => progressLine(viewOf(10), columns));
  assertEquals(lines, [
    "░░░░░░░░░░░░░░░░░░░░░░░░ Epoch 1/50 · 2% · 3:16 left · loss 0.6512 · n-grams 87.25% · 8,492 sequences/s",
    "░░░░░░░░░░░░░░░░ Epoch 1/50 · 2% · 3:16 left · loss 0.6512 · n-grams 87.25%",
    "░░░░░░░░ Epoch 1/50 · 2% · 3:16 left · n-grams 87.25%",
    "Epoch 1/50 · 2% · 3:16 left · n-grams 87.25%",
    "Epoch 1/50 · 2% · 3:16 left",
    "Epoch 1/50 · 2%",
  ]);
});

Deno.test("progressLine() never exceeds the width", () => {
  for (const steps of [0, 1, 10, 30]) {
    for (let columns = 1; columns <= 130; columns++) {
      assert(displayWidth(progressLine(viewOf(steps), columns)) <= columns, `${steps} steps, ${columns} columns`);
    }
  }
});

Deno.test("progressLine() says what follows the last step", () => {
  const view = viewOf(10);
  view.config = { epochs: 1, stepsPerEpoch: 10, task: "table", ngrams: "combine" };
  assertEquals(progressLine(view, 60), "Evaluating the model");
  view.baseline = undefined;
  assertEquals(progressLine(view, 60), "Training the n-grams");
});
