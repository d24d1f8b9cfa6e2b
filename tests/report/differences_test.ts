import { assertEquals } from "@std/assert";
import { classDifferences, differingKeys } from "../../lib/report/differences.ts";
import { sortRows } from "../../lib/report/order.ts";
import { columnOf, results, titleOf, usualColumns } from "../../lib/report/run_columns.ts";
import { finishedTextRun, tokenRun } from "../dashboard/browser/fake_runs.ts";

Deno.test("differingKeys() lists the keys that differ, and not where a process listened", () => {
  const runs = [
    { config: { hidden: 16, seed: 1, port: 1, data: ["a"] } },
    { config: { hidden: 64, seed: 1, port: 2, data: ["a"], metric: "accuracy" } },
  ];
  assertEquals(differingKeys(runs), [
    { name: "hidden", values: ["16", "64"] },
    { name: "metric", values: ["–", "accuracy"] },
  ]);
});

Deno.test("results() has those metrics that at least one run has", () => {
  const rows = results([finishedTextRun().detail(), tokenRun(20).detail()]);
  const names = rows.map(({ name }) => name);
  assertEquals([names[0], names.includes("macro-F1"), names.at(-1)], ["accuracy", true, "sequences/s"]);
  assertEquals(new Set(rows.map(({ values }) => values[1])), new Set(["–"]));
});

Deno.test("results() has metrics of validation and test rows only where they differ from the others", () => {
  const plain = tokenRun(20, "plain");
  plain.finish(20);
  const names = (...runs: Parameters<typeof results>[0]) => results(runs).map(({ name }) => name);
  assertEquals(names(plain.detail()).slice(0, 3), ["accuracy", "loss", "epochs"]);
  // Its accuracy is that on test rows, and its validation accuracy that of the LSTM.
  const text = names(finishedTextRun().detail());
  assertEquals([text.includes("validation accuracy"), text.includes("test accuracy")], [true, false]);
  assertEquals(names(finishedTextRun().detail(), plain.detail()).includes("test accuracy"), true);
});

Deno.test("classDifferences() begins with the class whose F1 differs most", () => {
  const run = (f1: Record<string, number>) => ({
    classes: Object.entries(f1).map(([label, value]) => ({ label, f1: value })),
  });
  const rows = classDifferences([run({ a: 0.9, b: 0.5, c: 0.7 }), undefined, run({ a: 0.8, b: 0.9 })], 2);
  assertEquals(rows, [
    { name: "b", values: ["0.5000", "–", "0.9000"] },
    { name: "a", values: ["0.9000", "–", "0.8000"] },
  ]);
  assertEquals(classDifferences([], 9), []);
});

Deno.test("columnOf() sorts by a result or a config key, and usualColumns() has the keys that differ", () => {
  const runs = [10, 20, 30].map((points, at) => {
    const run = tokenRun(points, `run-${at}`);
    run.config = { hidden: [8, 64, 16][at]!, epochs: at, task: "parity" };
    if (at > 0) run.finish(points);
    return run.detail();
  });
  const sorted = (by: string, isDescending: boolean) =>
    sortRows(runs, [columnOf("hidden"), columnOf("time")], { by, isDescending }).map(({ id }) => id.at(-1)).join("");
  assertEquals([sorted("hidden", false), sorted("hidden", true)], ["021", "120"]);
  assertEquals([sorted("time", false), sorted("time", true)], ["120", "210"]);
  assertEquals(usualColumns(runs).slice(-2), ["time", "hidden"]);
  assertEquals(titleOf({ id: "20260101-000000-abcd", name: "wide" }), "wide (abcd)");
});
