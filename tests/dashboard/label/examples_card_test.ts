import { assertEquals } from "@std/assert";
import { Retraining } from "../../../dashboard/label/examples_card.ts";
import type { Retrained } from "../../../lib/predict/labelling.ts";
import { moment } from "../../../lib/report/format.ts";
import { htmlOf, textOf } from "../rendered.ts";

const at = "2026-01-02T03:04:05.000Z";
const last = (outcome: Retrained["outcome"]): Retrained => ({ at, run: "run-2", outcome, why: "9 of 10 are right" });

Deno.test("Retraining says when the server trains on the examples, and how the last training ended", () => {
  const state = { after: 1000, examples: 12, training: null };
  assertEquals(
    textOf(Retraining({ ...state, last: null })),
    "Training Trains on after 1,000 new examples: 12 so far",
  );
  const ends = (["swapped", "kept", "failed"] as const).map((outcome) =>
    textOf(Retraining({ ...state, training: "run-3", last: last(outcome) })).replace(moment(at), "TIME")
  );
  const now = "Training Run run-3 is being trained with the examples";
  assertEquals(ends, [
    `${now} Run run-2 answers since TIME: 9 of 10 are right`,
    `${now} Run run-2 was not better, TIME: 9 of 10 are right`,
    `${now} The training of run run-2 failed, TIME: 9 of 10 are right`,
  ]);
});

Deno.test("Retraining shows a reason as text", () => {
  const why = "<b>wrong</b>";
  const html = htmlOf(Retraining({ after: 1, examples: 0, training: null, last: { ...last("failed"), why } }));
  assertEquals(html.includes("<b>"), false);
});
