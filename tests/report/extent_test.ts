import { assertAlmostEquals, assertEquals } from "@std/assert";
import { extentOf, extentText } from "../../lib/report/extent.ts";
import { applyDetail } from "../../lib/report/run_detail.ts";
import { apply } from "../../lib/report/run_events.ts";
import { createView, type RunView } from "../../lib/report/run_view.ts";
import { at, finishedEvent, TrainedRun } from "../dashboard/browser/trained_run.ts";

/** Makes the view of a run of 50 epochs of 20 steps, which took `points` rounds of 2 steps, each in 0.4 s. */
function viewOf(points: number, end?: string): RunView {
  const run = new TrainedRun("a");
  if (points > 0) run.train(1, points);
  const finished = finishedEvent("a", points);
  if (end !== undefined) run.record({ ...finished, summary: { ...finished.summary, reason: end } }, at(points));
  const view = createView("a");
  for (const event of run.events) apply(view, event);
  return view;
}

Deno.test("extentOf() is the share of all steps, and the time of the rest at the newest speed", () => {
  const extent = extentOf(viewOf(100));
  assertEquals([extent?.done, extent?.total, extent?.share], [200, 1000, 0.2]);
  // 800 steps, two in 0.4 s.
  assertAlmostEquals(extent?.secondsLeft ?? NaN, 160, 1e-6);
  assertEquals(extentText(extent!), "20\u00a0% · 2:40 left");
});

Deno.test("extentOf() knows a limit of time, a run that ended early, and a stopped one", () => {
  const limited = viewOf(100);
  const detail = { id: "a", state: "running", startedAt: at(0), events: 9, summary: null } as const;
  applyDetail(limited, { ...detail, config: { maxSeconds: 50 } });
  assertAlmostEquals(extentOf(limited)?.secondsLeft ?? NaN, 10, 1e-6);
  assertEquals(extentOf(viewOf(60, "target accuracy reached"))?.share, 1);
  const stopped = extentOf(viewOf(60, "asked to stop"));
  assertEquals([stopped?.share, stopped?.secondsLeft], [0.12, undefined]);
});

Deno.test("extentOf() is undefined before the start, and has no time left before the speed is known", () => {
  assertEquals(extentOf(viewOf(0)), undefined);
  assertEquals(extentOf(viewOf(1))?.secondsLeft, undefined);
  assertEquals(extentText({ total: 1000, done: 999, share: 0.999, secondsLeft: undefined }), "99\u00a0%");
});
