import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { h } from "preact";
import { valuesOf } from "../../../dashboard/runs/new_run.ts";
import { RunRows } from "../../../dashboard/runs/run_row.ts";
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

Deno.test("valuesOf() reads the fields of a new run, and refuses other values that are not an object", () => {
  const form = (fields: Record<string, string>) => valuesOf((name) => fields[name] ?? "");
  assertEquals(form({}), {});
  assertEquals(form({ data: "a.csv, b.csv,", epochs: "3", preset: "seed", others: '{"hidden": 8}' }), {
    ...{ hidden: 8, preset: "seed", data: ["a.csv", "b.csv"], epochs: 3 },
  });
  for (const others of ["64", "[1]", "{"]) assertThrows(() => form({ others }), Error, "they are not a JSON object");
});
