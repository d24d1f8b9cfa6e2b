import { assertEquals } from "@std/assert";
import { createSearchReporter, searchReport } from "../../../lib/cli/terminal/search_report.ts";
import type { JournalTrial } from "../../../lib/run/tuning/journal.ts";

const all = [{}, { dropout: 0.6 }, { epochs: 5, pooling: "mean" }] as const;

const standings = [
  { candidate: 2, splits: 10, score: -0.35, gain: 0.0125, error: 0.004 },
  { candidate: 0, splits: 10, score: -0.3625, gain: 0, error: 0 },
  { candidate: 1, splits: 1, score: -0.37, gain: -0.0075, error: null },
];

Deno.test("searchReport() lists configs with gains and errors, and says why the best one is", () => {
  assertEquals(searchReport({ standings, best: all[2], all, metric: "log-loss" }, undefined), [
    "Config                  Splits  log-loss  Better by       ±",
    "epochs 5, pooling mean      10    0.3500    +0.0125  0.0040",
    "defaults                    10    0.3625          –       –",
    "dropout 0.6                  1    0.3700    −0.0075       –",
    "Best:       epochs 5, pooling mean: log-loss is better by 0.0125 ± 0.0040 on 10 splits",
  ]);
});

Deno.test("searchReport() gives shares in percent, and says if the defaults are kept", () => {
  const of = (gain: number) => [
    { candidate: 1, splits: 4, score: 0.9 + gain, gain, error: 0.01 },
    { candidate: 0, splits: 4, score: 0.9, gain: 0, error: 0 },
  ];
  const shown = searchReport({ standings: of(0.005), best: all[0], all, metric: "accuracy" }, 40);
  assertEquals(shown.slice(1, 3), [
    "dropout 0.6       4    90.50%     +0.50%",
    "defaults          4    90.00%          –",
  ]);
  assertEquals(
    shown.at(-1),
    "Best:       defaults: no other config is better by more than its standard error on three splits or more",
  );
  assertEquals(
    searchReport({ standings: of(-1e-9), best: all[0], all, metric: "accuracy" }, 40)[1],
    "dropout 0.6       4    90.00%      equal",
  );
  assertEquals(searchReport({ standings: [], best: all[0], all, metric: "accuracy" }, 80), [
    "Best:       defaults: the time was over before another config was compared with them",
  ]);
});

Deno.test("createSearchReporter() prints a line for each trial, as text or as JSON", () => {
  const trial: JournalTrial = {
    type: "trial",
    candidate: 1,
    split: 9,
    run: "20260101-000000-aaaa",
    changes: { dropout: 0.6 },
    score: -0.5,
    loss: 0.5,
    accuracy: 0.75,
    seconds: 2.04,
    elapsed: 4,
  };
  const { loss: _, accuracy: __, ...failed } = { ...trial, score: null };
  const printed = (log: "text" | "json") => {
    const lines: unknown[] = [];
    const add = (line: unknown) => void lines.push(line);
    const reporter = createSearchReporter(log, { line: add, json: add, live: add });
    reporter.report({ type: "trial", trial });
    reporter.report({ type: "trial", trial: failed });
    reporter.close();
    return lines;
  };
  assertEquals(printed("text"), [
    "Split 10  75.00%, loss 0.5000   2.0 s  config 1: dropout 0.6",
    "Split 10  failed                2.0 s  config 1: dropout 0.6",
  ]);
  assertEquals(printed("json"), [trial, failed]);
});
