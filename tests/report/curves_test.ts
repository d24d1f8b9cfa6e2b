import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { curvesCsv, placeOfEpoch, riseText, servedEpoch, smooth } from "../../lib/report/curves.ts";
import { apply } from "../../lib/report/run_events.ts";
import { createView, type RunView } from "../../lib/report/run_view.ts";
import { at, milestones, startedEvent, TrainedRun } from "../dashboard/browser/trained_run.ts";

/** Makes the view of a run whose validation loss and accuracy after each epoch are these. */
function viewOf(epochs: readonly (readonly [loss: number, accuracy: number])[]): RunView {
  const run = new TrainedRun("a");
  run.record(startedEvent("a"), at(0));
  epochs.forEach(([loss, accuracy], index) => {
    const [event] = milestones(20 * (index + 1));
    assert(event?.type === "epoch");
    run.record({ ...event, step: 20 * (index + 1), heldOut: { loss, accuracy } }, at(index));
  });
  const view = createView("a");
  for (const event of run.events) apply(view, event);
  return view;
}

Deno.test("smooth() keeps a constant and a short curve, leaves out NaN, and averages noise", () => {
  assertEquals([...smooth(Float64Array.of(2, NaN, 2))], [2, NaN, 2]);
  assertEquals([...smooth(Float64Array.of(1, 5, 3))], [1, 5, 3]);
  const noise = Float64Array.from({ length: 1000 }, (_, index) => index % 2);
  const smoothed = smooth(noise);
  for (const value of smoothed) assertAlmostEquals(value, 0.5, 0.03);
  // A mean of both sides does not lag behind a slope.
  const slope = smooth(Float64Array.from({ length: 100 }, (_, index) => index === 50 ? NaN : index));
  assertEquals([slope[30], slope[70]], [30, 70]);
});

Deno.test("riseText() explains a rising validation loss by its accuracy and by what is served", () => {
  assertEquals(riseText(viewOf([[0.5, 0.8], [0.4, 0.82]])), "");
  assertEquals(riseText(viewOf([[0.5, 0.8], [0.4, 0.82], [0.41, 0.82]])), "");
  const sure = riseText(viewOf([[0.4527, 0.8], [0.6681, 0.81]]));
  assert(sure.startsWith("The LSTM's validation loss rises after epoch 1, from 0.4527 to 0.6681, while"), sure);
  assert(riseText(viewOf([[0.4, 0.9], [0.6, 0.8]])).includes("--patience 2"));
  const restored = viewOf([[0.4, 0.9], [0.6, 0.8]]);
  restored.config = { restoreBest: true, metric: "log-loss" };
  assert(riseText(restored).endsWith("Epoch 1 is served, so later epochs do no harm."));
});

Deno.test("servedEpoch() and placeOfEpoch() mark the best epoch where it is restored", () => {
  const view = viewOf([[0.4, 0.9], [0.3, 0.9], [0.6, 0.8]]);
  assertEquals(servedEpoch(view), undefined);
  assertEquals(servedEpoch({ ...view, config: { patience: 1, metric: "log-loss" } }), 2);
  assertEquals([placeOfEpoch(view, 2, "step"), placeOfEpoch(view, 9, "step")], [40, undefined]);
});

Deno.test("curvesCsv() has a row per point, with empty fields for what is unknown", () => {
  const run = new TrainedRun("a");
  run.train(1, 20);
  const view = createView("a");
  for (const event of run.events) apply(view, event);
  const [head, ...rows] = curvesCsv(view).trimEnd().split("\n");
  assertEquals(head?.split(",").length, 6);
  assertEquals(rows.length, 21);
  assertEquals(rows.map((row) => row.split(",").length), rows.map(() => 6));
  assertEquals(rows.at(-1)?.slice(0, 16), "validation,40,8,");
});
