import { assertAlmostEquals, assertEquals } from "@std/assert";
import { stateOf } from "../../dashboard/state/banner.ts";
import { recentRate } from "../../lib/report/extent.ts";
import { apply, EVENT_TYPES } from "../../lib/report/run_events.ts";
import {
  createView,
  EPOCHS,
  isIncident,
  PROGRESS,
  type RunView,
  setting,
  settings,
} from "../../lib/report/run_view.ts";
import { isFinal } from "../../lib/run/log/summary.ts";
import { applyDetail } from "../../lib/report/run_detail.ts";
import { eventSchema, type NewEvent } from "../../lib/base/events.ts";
import { DIGEST } from "../dashboard/browser/fake_predictors.ts";
import { at, finishedEvent, progressEvent, startedEvent, TrainedRun } from "../dashboard/browser/trained_run.ts";

function view(run: TrainedRun): RunView {
  const result = createView(run.id);
  for (const event of run.events) apply(result, event);
  return result;
}

function trained(points: number): TrainedRun {
  const run = new TrainedRun("a");
  run.train(1, points);
  return run;
}

Deno.test("apply() keeps the newest metrics and all points of a run", () => {
  const run = trained(40);
  const shown = view(run);
  assertEquals(shown.phase, "running");
  assertEquals([shown.round, shown.step, shown.epoch, shown.points], [80, 80, 2, 40]);
  assertEquals(shown.progress.length, 40);
  assertEquals([...shown.epochs.column(EPOCHS.step)], [40, 80]);
  assertEquals(shown.workers.length, 4);
  assertAlmostEquals(shown.seconds, 16, 1e-9);
  assertEquals(setting(shown, "targetAccuracy"), 0.995);
  assertEquals(setting(shown, "task"), undefined);
});

Deno.test("apply() changes nothing when a stream sends all events again", () => {
  const run = trained(25);
  const once = view(run);
  const twice = view(run);
  for (const event of run.events) apply(twice, event);
  assertEquals(twice, once);
});

Deno.test("apply() shows the summary when a run has finished", () => {
  const run = trained(60);
  run.record({ type: "stopping", reason: "the target was reached" }, at(60));
  assertEquals(view(run).phase, "stopping");
  run.record(finishedEvent("a", 60), at(61));
  const shown = view(run);
  assertEquals(shown.phase, "finished");
  assertEquals(shown.summary?.rounds, 120);
  assertEquals(shown.digest, shown.summary?.digest);
  assertEquals(shown.notes.map(({ kind }) => kind), ["finished", "stopping", "checkpoint", "started"]);
});

Deno.test("apply() says why a run failed", () => {
  const run = trained(2);
  run.record({ type: "failed", error: "worker 2 was lost" }, at(3));
  const shown = view(run);
  assertEquals([shown.phase, shown.notes[0]?.text], ["failed", "Failed: worker 2 was lost"]);
});

Deno.test("apply() replaces rounds that repeat after a resume, and does not count the time in between", () => {
  const run = trained(45);
  const hour = 3600 / 0.4;
  run.record({ type: "resumed", round: 30, step: 60, workers: 3, engine: "simd/avx2", digest: DIGEST }, at(45 + hour));
  run.record(progressEvent(31), at(46 + hour));
  const shown = view(run);
  assertEquals(shown.progress.last(PROGRESS.step), 62);
  assertEquals(shown.progress.length, 31);
  assertEquals([...shown.epochs.column(EPOCHS.step)], [40]);
  assertEquals(shown.points, 46);
  assertAlmostEquals(shown.seconds, 46 * 0.4, 1e-9);
  assertEquals(shown.notes[0]?.text, "Resumed after round 30 on 3 workers");
  assertEquals([shown.started?.workers, shown.started?.engine], [3, "simd/avx2"]);
});

Deno.test("apply() drops points that a rollback undid, keeps the best epoch, reports the new rate", () => {
  const run = trained(75);
  const shown = view(run);
  assertEquals(shown.best?.epoch, 3);
  const back: NewEvent = {
    type: "rolledBack",
    round: 151,
    restored: 80,
    step: 80,
    epoch: 2,
    learningRate: 0.005,
    rollbacks: 1,
    reason: "The loss of shard 1 is NaN at step 151: training diverged with learning rate 0.01",
  };
  run.record(back, at(76));
  const after = view(run);
  assertEquals([after.round, after.step, after.epoch], [151, 80, 2]);
  assertEquals([...after.epochs.column(EPOCHS.step)], [40, 80]);
  assertEquals(after.progress.last(PROGRESS.step), 80);
  assertEquals(after.notes[0]?.kind, "rolledBack");
  assertEquals(after.notes[0]?.text, `Rolled back to epoch 2 with learning rate 0.005: ${back.reason}`);
});

Deno.test("apply() names the best state of a finished run", () => {
  const run = trained(60);
  const finished = finishedEvent("a", 60);
  if (finished.type !== "finished") throw new Error("no end");
  run.record({ ...finished, summary: { ...finished.summary, best: { epoch: 2, round: 80 } } }, at(61));
  const shown = view(run);
  assertEquals(shown.digestRound, 80);
  assertEquals(shown.notes[0]?.text, `Finished: ${finished.summary.reason}. Best: epoch 2, round 80`);
});

Deno.test("stateOf() is stopped for a run that was stopped, and finished for one that reached its end", () => {
  const reasons = ["asked to stop", "time is up", "all epochs done", "target accuracy reached", "no improvement"];
  const states = reasons.map((reason) => {
    const run = trained(60);
    const finished = finishedEvent("a", 60);
    if (finished.type !== "finished") throw new Error("no end");
    run.record({ ...finished, summary: { ...finished.summary, reason } }, at(61));
    const shown = view(run);
    assertEquals(isFinal({ reason }), stateOf(shown, "done") === "finished");
    return [stateOf(shown, "done"), shown.notes[0]!.text];
  });
  assertEquals(
    states,
    reasons.map((reason, at) => at < 2 ? ["stopped", `Stopped: ${reason}`] : ["finished", `Finished: ${reason}`]),
  );
});

Deno.test("recentRate() is the mean of the last seconds by time, then that of the summary", () => {
  const run = new TrainedRun("a");
  run.record(startedEvent("a"), at(0));
  const rate = (point: number, sequencesPerSecond: number, when: number) =>
    run.record({ ...progressEvent(point), sequencesPerSecond } as NewEvent, at(when));
  assertEquals(recentRate(view(run)), undefined);
  rate(1, 9999, 10);
  rate(2, 1000, 20);
  rate(3, 4000, 22.5);
  // The mean of 4 s at 1000 and 1 s at 4000; the first point is too old.
  assertAlmostEquals(recentRate(view(run)) ?? NaN, 1600, 1e-9);
  run.record(finishedEvent("a", 60), at(23));
  assertEquals(recentRate(view(run)), 8321);
});

Deno.test("apply() stores NaN for a drift that is unknown or zero", () => {
  const run = trained(1);
  const silent = (drift: number | null): NewEvent => ({ ...progressEvent(2), drift, type: "progress" } as NewEvent);
  run.record(silent(null), at(2));
  assertEquals(view(run).progress.last(PROGRESS.drift), NaN);
  run.record(silent(0), at(3));
  assertEquals(view(run).progress.last(PROGRESS.drift), NaN);
});

Deno.test("apply() names the machine of an incident on another machine", () => {
  const shown = createView("a");
  apply(shown, { id: 1, at: at(0), type: "incident", message: "worker 2 was lost" });
  apply(shown, { id: 2, at: at(1), type: "incident", message: "worker 0 was lost", member: "east" });
  assertEquals(shown.notes.map(({ text }) => text), ["east: worker 0 was lost", "worker 2 was lost"]);
});

Deno.test("apply() keeps incidents among thousands of checkpoints", () => {
  const shown = createView("a");
  apply(shown, { id: 1, at: at(0), type: "incident", message: "worker 2 was lost" });
  for (let id = 2; id <= 2000; id++) {
    apply(shown, { id, at: at(id), type: "checkpoint", round: id, step: id, digest: DIGEST, file: "x" });
  }
  assertEquals(shown.notes.length, 101);
  assertEquals(shown.notes.filter(isIncident).map(({ text }) => text), ["worker 2 was lost"]);
});

Deno.test("EVENT_TYPES has every type of event", () => {
  assertEquals(EVENT_TYPES.toSorted(), eventSchema.options.map(({ shape }) => shape.type.value).toSorted());
});

Deno.test("apply() keeps memory bounded over a long run", () => {
  const shown = createView("a");
  const when = at(0);
  for (let id = 1; id <= 30_000; id++) {
    apply(shown, { id, at: when, type: "checkpoint", round: id, step: id, digest: DIGEST, file: "x" });
    apply(shown, { id: ++id, at: when, ...progressEvent(id) } as Parameters<typeof apply>[1]);
  }
  assertEquals(shown.points, 15_000);
  assertEquals(shown.notes.length, 100);
  assertEquals(shown.progress.length, 3750);
});

Deno.test("the view has the served model's metrics and the run's config, also from older events", () => {
  const run = trained(60);
  const { summary } = finishedEvent("a", 60);
  const validation = { rows: 400, loss: 0.39, accuracy: 0.96, macroF1: 0.9, calibrationError: 0.01 };
  run.record(
    { type: "finished", summary: { ...summary, heldOut: { loss: 0.66, accuracy: 0.91 }, validation } },
    at(61),
  );
  const shown = view(run);
  assertEquals([shown.validation?.loss, shown.validation?.accuracy], [0.39, 0.96]);
  assertEquals(setting(shown, "stepsPerEpoch"), 20);
  const detail = { id: "a", state: "finished", startedAt: "2026-01-01T00:00:00.000Z", events: 99, summary } as const;
  applyDetail(shown, { ...detail, config: { stepsPerEpoch: 563 } });
  assertEquals([setting(shown, "stepsPerEpoch"), settings(shown).task], [563, "parity"]);
});

Deno.test("the view of an interrupted run stays so while its events are read, until it is resumed", () => {
  const run = trained(60);
  const shown = createView("a");
  applyDetail(shown, { ...run.detail(), state: "interrupted" });
  for (const event of run.events) {
    apply(shown, event);
    assertEquals(shown.phase, "interrupted", `after event ${event.id}`);
  }
  applyDetail(shown, run.detail());
  assertEquals(shown.phase, "running");
});

Deno.test("the view has the results of a finished run before its events, and keeps them meanwhile", () => {
  const run = trained(60);
  run.record(finishedEvent("a", 60), at(61));
  const shown = createView("a");
  const { summary } = run.detail();
  applyDetail(shown, run.detail());
  const results = () => [shown.phase, shown.summary, shown.round, shown.validation?.loss];
  const expected = ["finished", summary, 120, summary?.heldOut?.loss];
  assertEquals(results(), expected);
  for (const event of run.events) {
    apply(shown, event);
    assertEquals(results(), expected, `after event ${event.id}`);
  }
  assertEquals([shown.points, shown.seconds], [60, summary?.seconds]);
  // A run that is resumed is running again.
  run.record({ type: "resumed", round: 120, step: 120, workers: 4, digest: DIGEST, epochs: 77 }, at(100));
  applyDetail(shown, run.detail());
  apply(shown, run.events.at(-1)!);
  assertEquals([shown.phase, shown.summary, shown.started?.config.epochs], ["running", undefined, 77]);
  assertEquals(shown.notes[0]?.text, "Resumed after round 120 on 4 workers, for 77 epochs in all");
});
