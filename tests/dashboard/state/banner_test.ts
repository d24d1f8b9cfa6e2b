import { assertEquals } from "@std/assert";
import { bannerOf, stateOf } from "../../../dashboard/state/banner.ts";
import { applyDetail } from "../../../lib/report/run_detail.ts";
import { apply } from "../../../lib/report/run_events.ts";
import { createView, type RunView } from "../../../lib/report/run_view.ts";
import { failedRun, finishedTextRun, refusedRun, tokenRun, waitingRun } from "../browser/fake_runs.ts";
import { at, finishedEvent, type TrainedRun } from "../browser/trained_run.ts";

function viewOf(run: TrainedRun): RunView {
  const view = createView(run.id);
  applyDetail(view, run.detail());
  for (const event of run.events) apply(view, event);
  return view;
}

Deno.test("bannerOf() says nothing of a run that trains or has finished", () => {
  assertEquals(bannerOf(viewOf(tokenRun(20)), "live", undefined), undefined);
  assertEquals(bannerOf(viewOf(finishedTextRun()), "done", undefined), undefined);
});

Deno.test("bannerOf() has the reason of a failure, and what to do", () => {
  const failed = bannerOf(viewOf(failedRun()), "done", undefined);
  assertEquals([failed?.isBad, failed?.command], [true, "deno task resume 20260102-030405-7f3a"]);
  assertEquals(failed?.text.startsWith("Failed: the crew was lost 5 times"), true);
  const refused = bannerOf(viewOf(refusedRun()), "empty", "refused-run");
  assertEquals(refused?.text, "Could not start: data is gone.csv: there is no such file.");
  assertEquals(refused?.command, undefined);
});

Deno.test("bannerOf() knows stopped, interrupted, queued and missing runs, and a server that is gone", () => {
  const stopped = tokenRun(20);
  const { summary } = finishedEvent(stopped.id, 20);
  stopped.record({ type: "finished", summary: { ...summary, reason: "asked to stop" } }, at(21));
  assertEquals(bannerOf(viewOf(stopped), "done", undefined)?.text, "Stopped: asked to stop.");
  const interrupted = tokenRun(20);
  interrupted.state = "interrupted";
  const view = viewOf(interrupted);
  applyDetail(view, interrupted.detail());
  assertEquals(bannerOf(view, "connecting", undefined)?.command, `deno task resume ${interrupted.id}`);
  assertEquals(bannerOf(viewOf(waitingRun()), "live", undefined)?.text, "Waiting for its turn: place 2 in the queue.");
  assertEquals(bannerOf(createView("x"), "empty", "x")?.text, "There is no run “x”.");
  const preparing = bannerOf(createView(""), "preparing", undefined, "1,234 rows of its data read: retry");
  assertEquals([preparing?.isBad, preparing?.remedy], [false, "1,234 rows of its data read."]);
  assertEquals(bannerOf(viewOf(finishedTextRun()), "gone", undefined)?.command, "deno task serve 20260103-040506-q2bd");
});

Deno.test("bannerOf() says of a run whose server is gone how far it came, and how to resume it", () => {
  const view = viewOf(tokenRun(20));
  const gone = bannerOf(view, "gone", undefined);
  assertEquals(gone?.remedy, `Run ${view.run} was last seen in epoch 1 of 50. If it was stopped, continue with`);
  assertEquals([gone?.command, stateOf(view, "gone")], [`deno task resume ${view.run}`, "reconnecting"]);
  assertEquals(stateOf(viewOf(finishedTextRun()), "gone"), "finished");
  assertEquals([bannerOf(view, "elsewhere", undefined)?.isBad, stateOf(view, "elsewhere")], [false, "running"]);
});
