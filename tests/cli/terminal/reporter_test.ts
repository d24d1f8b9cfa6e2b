import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dataOf, LABELS } from "../../finished_run.ts";
import { fakeTerminal } from "./fake_terminal.ts";
import { displayWidth } from "../../../lib/cli/terminal/columns.ts";
import type { RunFiles } from "../../../lib/cli/terminal/final_report.ts";
import { createReporter } from "../../../lib/cli/terminal/reporter.ts";
import type { NewEvent, RunEvent, Summary } from "../../../lib/base/events.ts";
import { eventSchema } from "../../../lib/base/events.ts";
import { evaluationSchema } from "../../../lib/model/evaluation.ts";

const summary: Summary = {
  run: "r",
  digest: "ab12",
  heldOut: { loss: 0.01234, accuracy: 0.9951 },
  best: null,
  reason: "all epochs done",
  epochs: 2,
  rounds: 40,
  steps: 40,
  sequences: 20480,
  seconds: 1.25,
  sequencesPerSecond: 16384,
  workers: 2,
  shards: 4,
  engine: "simd/wasm",
};
const training = { loss: 0.7001, accuracy: 0.52 };
const heldOut = { loss: 0.6931, accuracy: 0.5 };
const started: NewEvent = {
  type: "started",
  run: "r",
  config: { task: "parity" },
  parameters: 26562,
  labels: ["odd", "even"],
  workers: 1,
  shards: 4,
  engine: "simd/wasm",
  digest: "00",
};
const progress: NewEvent = {
  type: "progress",
  round: 7,
  step: 7,
  epoch: 1,
  training,
  sequencesPerSecond: 12345.6,
  drift: null,
  workers: [],
};
const epoch: NewEvent = { type: "epoch", epoch: 1, round: 20, step: 20, digest: "ee", training, heldOut, seconds: 0.5 };

type ReporterConfig = Parameters<typeof createReporter>[0]["config"];

const CONFIG: ReporterConfig = {
  log: "text",
  report: "epochs",
  metric: "log-loss",
  epochs: 50,
  stepsPerEpoch: 20,
  heldOut: 2048,
  maxSeconds: 0,
};

function printed(
  events: readonly NewEvent[],
  { config, columns, files, ...abilities }: {
    readonly config?: Partial<ReporterConfig>;
    readonly columns?: number;
    readonly colours?: boolean;
    readonly moves?: boolean;
    readonly files?: RunFiles;
  } = {},
): { text: string; events: RunEvent[] } {
  const terminal = fakeTerminal({ width: () => columns, abilities: { colours: false, moves: true, ...abilities } });
  const report = createReporter({ config: { ...CONFIG, ...config }, terminal });
  const stamped = events.map((event, index) =>
    eventSchema.parse({ id: index + 1, at: "2026-01-01T00:00:00.000Z", ...event })
  );
  for (const event of stamped) report(event, files);
  return { text: terminal.stdout(), events: stamped };
}

Deno.test("createReporter() prints start, epochs and end, and no progress, into a pipe", () => {
  const { text } = printed([started, progress, epoch, { type: "finished", summary }]);
  assertEquals(text.split("\n"), [
    "Run r: parity, 26,562 parameters, 4 shards on 1 worker, engine simd/wasm",
    "Epoch 01 - Loss: 0.7001 - Accuracy: 52.00% - Validation: 0.6931, 50.00% - 0.5 s",
    "Finished: all epochs done after 2 epochs, 40 rounds, 20,480 sequences in 1.3 s (16,384 sequences/s)",
    "Validation: Loss: 0.0123 - Accuracy: 99.51% ± 0.3",
    "Digest:     ab12",
    "",
  ]);
});

Deno.test("createReporter() ends with the served model, what it confuses, then its parts", () => {
  const rows = { rows: 100, loss: 0.1, accuracy: 0.97, macroF1: 0.9512, calibrationError: 0.01 };
  const confused = [{ label: "a\x1b[2Jb", given: "c", rows: 2 }, { label: "c", given: "d", rows: 1 }];
  const served = { ...rows, confused };
  const parts = {
    lstm: { share: 0.6, validation: rows, test: rows },
    baseline: { validation: heldOut, test: heldOut, seconds: 1 },
  };
  const lines = printed([{ type: "finished", summary: { ...summary, validation: rows, test: served, ...parts } }]).text;
  assertEquals(lines.split("\n").slice(1), [
    "Validation: Loss: 0.0123 - Accuracy: 99.51% ± 1.4 - Macro-F1: 0.9512",
    "Test:       Loss: 0.1000 - Accuracy: 97.00% ± 3.3 - Macro-F1: 0.9512",
    "Compared:   97.00% only the LSTM (equal)",
    "            50.00% only n-grams (−47.00)",
    "Confused:   a·[2Jb predicted as c (2 rows)",
    "            c predicted as d (1 row)",
    "Model:      LSTM and n-grams combined, 60% LSTM and 40% n-grams",
    "Digest:     ab12",
    "",
  ]);
});

Deno.test("createReporter() prints rollbacks and the state that a run ends with", () => {
  const back = { round: 31, step: 20, epoch: 1, learningRate: 0.005, rollbacks: 1, reason: "The loss is NaN" };
  const { text } = printed([
    { type: "rolledBack", restored: 20, ...back },
    { type: "rolledBack", restored: 0, ...back, epoch: 0 },
    { type: "finished", summary: { ...summary, best: { epoch: 1, round: 20 } } },
  ]);
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 2), [
    "Rolled back to epoch 1 with learning rate 0.005: The loss is NaN",
    "Rolled back to the start with learning rate 0.005: The loss is NaN",
  ]);
  assertEquals(lines[3], "Best:       epoch 1, round 20");
});

Deno.test("createReporter() says what the model is made of, and what its n-grams were refitted to", () => {
  const metrics = { rows: 40, loss: 0.2, accuracy: 0.9, macroF1: 0.89, calibrationError: 0.01 };
  const baseline = { validation: metrics, seconds: 1 };
  const modelLine = (share: number, refitRows?: number) => {
    const own = { ...summary, lstm: { share, validation: metrics } };
    const { text } = printed([{
      type: "finished",
      summary: { ...own, baseline: refitRows === undefined ? baseline : { ...baseline, refitRows } },
    }]);
    return text.split("\n").find((line) => line.startsWith("Model:"));
  };
  const refit = "refitted to all 4,000 training and validation rows";
  assertEquals(modelLine(0.47, 4000), `Model:      LSTM and n-grams combined, 47% LSTM and 53% n-grams, ${refit}`);
  assertEquals(modelLine(0, 4000), `Model:      only the n-grams, which the LSTM does not improve, ${refit}`);
  assertEquals(modelLine(0.47), "Model:      LSTM and n-grams combined, 47% LSTM and 53% n-grams");
  assertEquals(modelLine(1, 4000), "Model:      only the LSTM, which n-grams do not improve");
});

Deno.test("createReporter() puts the metric of the run first, and says what rejecting leaves", () => {
  const answered = { threshold: 0.61, share: 0.9, accuracy: 0.955 };
  const validation = { rows: 40, loss: 0.2, accuracy: 0.9, macroF1: 0.89, calibrationError: 0.01, answered };
  const config = { metric: "macro-f1" } as const;
  const ended: NewEvent = { ...epoch, heldOut: { ...heldOut, macroF1: 0.4871 } };
  const lines = printed([ended, { type: "finished", summary: { ...summary, validation } }], { config }).text.split(
    "\n",
  );
  assertMatch(lines[0]!, / - Validation: 0.6931, 50.00%, macro-F1 0.4871 - /);
  assertEquals(lines.slice(2, 4), [
    "Validation: Macro-F1: 0.8900 - Loss: 0.0123 - Accuracy: 99.51% ± 2.2",
    "Answered:   90.00% of the rows are answered, 95.50% of these right; the others are less than 61.00% confident",
  ]);
});

Deno.test("createReporter() says how far an epoch came that a stop has ended", () => {
  const ended: NewEvent = { ...epoch, epoch: 3, round: 52, step: 52 };
  const stopped = { ...summary, epochs: 2, rounds: 52, reason: "asked to stop" };
  const lines = printed([ended, { type: "finished", summary: stopped }]).text.split("\n");
  assertEquals(lines.slice(0, 2).map((line) => line.split(",")[0]), [
    "Epoch 03 (12 of 20 steps) - Loss: 0.7001 - Accuracy: 52.00% - Validation: 0.6931",
    "Stopped: asked to stop after 2 epochs",
  ]);
});

Deno.test("createReporter() prints the notebook's line for an epoch", () => {
  assertEquals(
    printed([epoch], { config: { report: "notebook" } }).text,
    "Epoch 01 - Loss: 0.7001 - Accuracy: 52.00%\n",
  );
});

/** The lines and the live lines of a terminal, in order. */
const parts = (text: string) => text.replaceAll("\r\x1b[K", "\n").split("\n").filter((part) => part !== "");

Deno.test("createReporter() shows the progress below the lines, and says paused as long as it lasts", () => {
  const baseline: NewEvent = { type: "baseline", validation: { loss: 0.2, accuracy: 0.9 }, seconds: 1 };
  const ended: NewEvent = { ...epoch, step: 20 };
  const events: NewEvent[] = [started, progress, baseline, ended, { type: "paused" }, { ...progress, step: 25 }];
  assertEquals(parts(printed([...events, { type: "unpaused" }], { columns: 70 }).text), [
    "Run r: parity, 26,562 parameters, 4 shards on 1 worker, engine",
    "  simd/wasm",
    "░░░░░░░░ Epoch 1/50 · 0%",
    "░░░░░░░░ Epoch 1/50 · 0% · loss 0.7001",
    "Baseline: 90.00% of the validation rows, a linear model of n-grams",
    "░░░░░░░░ Epoch 1/50 · 0% · loss 0.7001 · n-grams 90.00%",
    "Epoch 01 - Validation: 0.6931, 50.00% - 0.5 s",
    "░░░░░░░░ Epoch 1/50 · 2% · loss 0.7001 · validation 50.00%",
    "Pausing after this round",
    "░░░░░░░░ Paused · Epoch 1/50 · 2% · loss 0.7001 · validation 50.00%",
    "░░░░░░░░ Paused · Epoch 1/50 · 2% · loss 0.7001 · validation 50.00%",
    "Resumed",
    "░░░░░░░░ Epoch 1/50 · 2% · loss 0.7001 · validation 50.00%",
  ]);
});

Deno.test("createReporter() keeps every line within 40 to 60 columns", () => {
  const rows = { rows: 400, loss: 0.1, accuracy: 0.97, macroF1: 0.9512, calibrationError: 0.01 };
  const validation = { ...rows, confused: [{ label: "a quite long label", given: "another long label", rows: 12 }] };
  const parts = { lstm: { share: 0.6, validation: rows }, baseline: { validation: rows, seconds: 1, refitRows: 4000 } };
  const finished = { ...summary, digest: "ab".repeat(32), validation, ...parts };
  const incident: NewEvent = { type: "incident", message: "Worker 2 was lost: no sign of life for 30 seconds, again" };
  for (const columns of [40, 48, 60]) {
    const { text } = printed([started, incident, progress, epoch, { type: "finished", summary: finished }], {
      columns,
    });
    const lines = text.replaceAll("\r\x1b[K", "\n").split("\n");
    assertEquals(lines.filter((line) => displayWidth(line) > columns), []);
    assertEquals(lines.join(" ").includes("Validation: 0.6931, 50.00%"), true);
  }
});

Deno.test("createReporter() emphasizes the metrics on the validation set only where there are colours", () => {
  const events: NewEvent[] = [epoch, { type: "incident", message: "a\x1b[2Jb" }];
  const strong = "\x1b[1mValidation: 0.6931, 50.00%\x1b[22m";
  const coloured = printed(events, { columns: 90, colours: true }).text;
  assertStringIncludes(coloured, `Accuracy: 52.00% - ${strong} - 0.5 s\n`);
  assertStringIncludes(coloured, "\x1b[33mIncident:\x1b[39m a·[2Jb\n");
  // No colours are wished, the terminal only prints, or there is none.
  assertEquals(printed(events, { columns: 90 }).text.replaceAll("\r\x1b[K", "").includes("\x1b"), false);
  assertEquals(printed(events, { columns: 90, moves: false }).text.includes("\x1b"), false);
  assertEquals(printed(events, { colours: true }).text.includes("\x1b"), false);
});

Deno.test("createReporter() calls news of machines no incidents", () => {
  const events: NewEvent[] = [
    { type: "incident", message: "Leads from round 1 on, in term 1" },
    { type: "incident", message: "Leads from round 9 on, in term 2", member: "b" },
    { type: "incident", message: "An upload was damaged", member: "b" },
  ];
  assertEquals(printed(events).text.split("\n"), [
    "This machine: Leads from round 1 on, in term 1",
    "b: Leads from round 9 on, in term 2",
    "Incident on b: An upload was damaged",
    "",
  ]);
});

Deno.test("createReporter() ends with the worst classes, the majority class, and if n-grams suffice", () => {
  const rows = { rows: 400, loss: 0.1, accuracy: 0.97, macroF1: 0.9, calibrationError: 0.01 };
  const one = (label: string, f1: number, support: number) => ({ label, f1, precision: 0.5, recall: 0.75, support });
  const classes = [one("a", 0.8, 300), one("b", 0.6, 60), one("c", 1, 40), one("d", 0, 0)];
  const validation = evaluationSchema.parse({ ...rows, classes, mistakes: [] });
  const counts = classes.map(({ label, support }) => ({ label, training: 9 * support, validation: support, test: 0 }));
  const statistics = { ...dataOf(LABELS), classes: counts };
  const report = (ngrams: number, more: Partial<Summary> = {}) => {
    const baseline = { validation: { loss: 1, accuracy: ngrams }, seconds: 1 };
    const last: NewEvent = { type: "finished", summary: { ...summary, validation: rows, baseline, ...more } };
    return printed([last], { files: { evaluations: { validation }, statistics } }).text.split("\n");
  };
  assertEquals(report(0.95).slice(2, 7), [
    "Compared:   95.00% only n-grams (−2.00)",
    "            75.00% always “a” (−22.00)",
    "Worst:      b: F1 0.6000, recall 75.0%, precision 50.0% (60 rows)",
    "            a: F1 0.8000, recall 75.0%, precision 50.0% (300 rows)",
    "Digest:     ab12",
  ]);
  // One standard error of 97% of 400 rows is 0.85%.
  const enough = "            The n-grams by themselves are enough here: their accuracy is within one standard error";
  assertEquals([0.9, 0.961, 0.962, 0.99].map((ngrams) => report(ngrams).includes(enough)), [false, false, true, true]);
});

Deno.test("createReporter() prints events as JSON lines", () => {
  const config = { log: "json", report: "epochs", metric: "log-loss", epochs: 50, stepsPerEpoch: 20 } as const;
  const { text, events } = printed([started, progress, epoch], { config, columns: 80 });
  assertEquals(text.trim().split("\n").map((line) => JSON.parse(line)), events);
});
