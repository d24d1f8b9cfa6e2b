import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { FieldRow } from "../../../dashboard/runs/new_run.ts";
import { RunRows } from "../../../dashboard/runs/run_row.ts";
import type { Field } from "../../../dashboard/state/run_form.ts";
import { finishedTextRun, refusedRun, tokenRun, waitingRun } from "../browser/fake_runs.ts";
import type { TrainedRun } from "../browser/trained_run.ts";
import { htmlOf, textOf } from "../rendered.ts";

const props = { slot: -1, isFull: false, isShown: false, isCurrent: false, isRemovable: true };
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
