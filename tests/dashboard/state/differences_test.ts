import { assertEquals } from "@std/assert";
import { differingKeys, results } from "../../../dashboard/state/differences.ts";
import { finishedTextRun, tokenRun } from "../browser/fake_runs.ts";

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
  assertEquals(rows.map(({ name }) => name), [
    ...["validation accuracy", "validation loss", "test accuracy", "macro-F1", "training time"],
  ]);
  assertEquals(rows.map(({ values }) => values[1]), ["–", "–", "–", "–", "–"]);
});
