import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { FieldRow } from "../../../dashboard/runs/new_run.ts";
import { columnOf, nextOrder, RESULTS, sortRuns } from "../../../lib/report/run_columns.ts";
import { RunRows } from "../../../dashboard/runs/run_row.ts";
import type { Field } from "../../../lib/report/run_form.ts";
import { finishedTextRun, refusedRun, tokenRun, waitingRun } from "../browser/fake_runs.ts";
import type { TrainedRun } from "../browser/trained_run.ts";
import { htmlOf, textOf } from "../rendered.ts";

const props = { columns: RESULTS, slot: -1, isFull: false, isShown: false, isCurrent: false, isRemovable: true };
const rowOf = (run: TrainedRun, more = {}) =>
  h(RunRows, { ...props, ...more, run: run.detail(), pick: () => {}, remove: () => {} });

Deno.test("RunRows has the results of a run, its place in the queue, and why it could not start", () => {
  assertStringIncludes(textOf(rowOf(finishedTextRun(), { isCurrent: true })), "finished · here 2026-01-02");
  assertStringIncludes(textOf(rowOf(waitingRun())), "queued · 2");
  assertStringIncludes(textOf(rowOf(refusedRun())), "Delete data is gone.csv: there is no such file");
});

Deno.test("RunRows offers no removal of a run that trains, and no choice beyond a full selection", () => {
  assertEquals(htmlOf(rowOf(tokenRun(20))).includes("<button"), false);
  assertEquals(htmlOf(rowOf(waitingRun())).includes('aria-label="Cancel waiting-run"'), true);
  assertEquals(/<input[^>]* disabled/.test(htmlOf(rowOf(waitingRun(), { isFull: true }))), true);
  assertEquals(/<input[^>]* disabled/.test(htmlOf(rowOf(waitingRun(), { isFull: true, slot: 1 }))), false);
});

Deno.test("FieldRow is a list for a choice, else a field with the default as placeholder", () => {
  const common = { description: "d", options: [], fallback: "7", minimum: 1, maximum: 9 };
  const row = (field: Partial<Field>) =>
    htmlOf(
      h(FieldRow, { field: { ...common, name: "x", kind: "number", ...field }, text: "", isWrong: true, change() {} }),
    );
  assertStringIncludes(row({}), 'type="number" min="1" max="9"');
  assertStringIncludes(row({}), 'placeholder="7"');
  assertStringIncludes(row({}), 'aria-invalid="true"');
  assertStringIncludes(
    row({ kind: "choice", options: ["a", "b"] }),
    'default: 7</option><option value="a">',
  );
});

Deno.test("sortRuns() sorts by a result or a config key, and puts runs without a value last", () => {
  const [a, b, c] = [10, 20, 30].map((points, at) => {
    const run = tokenRun(points, `run-${at}`);
    run.config = { hidden: [8, 64, 16][at]!, task: "parity" };
    if (at > 0) run.finish(points);
    return run.detail();
  });
  const runs = [a!, b!, c!];
  const sorted = (by: string, isDescending: boolean) =>
    sortRuns(runs, [columnOf("hidden"), ...RESULTS], { by, isDescending }).map(({ id }) => id.at(-1)).join("");
  assertEquals([sorted("hidden", false), sorted("hidden", true)], ["021", "120"]);
  assertEquals([sorted("time", false), sorted("time", true)], ["120", "210"]);
  assertEquals(sortRuns(runs, RESULTS, undefined), runs);
});

Deno.test("nextOrder() is descending, then ascending, then none", () => {
  const first = nextOrder(undefined, "loss");
  const second = nextOrder(first, "loss");
  assertEquals([first?.isDescending, second?.isDescending, nextOrder(second, "loss")], [true, false, undefined]);
  assertEquals(nextOrder(second, "time"), { by: "time", isDescending: true });
});
