import { assertEquals, assertMatch } from "@std/assert";
import { fakeTerminal } from "./fake_terminal.ts";
import { createReporter } from "../../../lib/cli/terminal/reporter.ts";
import type { NewEvent, RunEvent, Summary } from "../../../lib/base/events.ts";
import { eventSchema } from "../../../lib/base/events.ts";

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

function printed(
  events: readonly NewEvent[],
  { config = { log: "text", report: "epochs", metric: "log-loss", epochs: 50, stepsPerEpoch: 20 }, columns }: {
    readonly config?: Parameters<typeof createReporter>[0]["config"];
    readonly columns?: number;
  } = {},
): { text: string; events: RunEvent[] } {
  const terminal = fakeTerminal({ width: () => columns });
  const report = createReporter({ config, terminal });
  const stamped = events.map((event, index) =>
    eventSchema.parse({ id: index + 1, at: "2026-01-01T00:00:00.000Z", ...event })
  );
  stamped.forEach(report);
  return { text: terminal.stdout(), events: stamped };
}

Deno.test("createReporter() prints start, epochs and end, and no progress, into a pipe", () => {
  const { text } = printed([started, progress, epoch, { type: "finished", summary }]);
  assertEquals(text.split("\n"), [
    "Run r: parity, 26,562 parameters, 4 shards on 1 worker, engine simd/wasm",
    "Epoch 01 - Loss: 0.7001 - Accuracy: 52.00% - Validation: 0.6931, 50.00% - 0.5 s",
    "Finished: all epochs done after 2 epochs, 40 rounds, 20,480 sequences in 1.3 s (16,384 sequences/s)",
    "Validation: Loss: 0.0123 - Accuracy: 99.51%",
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
    "Validation: Loss: 0.0123 - Accuracy: 99.51% - Macro-F1: 0.9512",
    "Test:       Loss: 0.1000 - Accuracy: 97.00% - Macro-F1: 0.9512",
    "Confused:   a·[2Jb predicted as c (2 rows)",
    "            c predicted as d (1 row)",
    "LSTM:       97.00% of the validation rows, 97.00% of the test rows",
    "Baseline:   50.00% of the validation rows, 50.00% of the test rows",
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
  const config = { log: "text", report: "epochs", metric: "macro-f1", epochs: 50, stepsPerEpoch: 20 } as const;
  const ended: NewEvent = { ...epoch, heldOut: { ...heldOut, macroF1: 0.4871 } };
  const lines = printed([ended, { type: "finished", summary: { ...summary, validation } }], { config }).text.split(
    "\n",
  );
  assertMatch(lines[0]!, / - Validation: 0.6931, 50.00%, macro-F1 0.4871 - /);
  assertEquals(lines.slice(2, 4), [
    "Validation: Macro-F1: 0.8900 - Loss: 0.0123 - Accuracy: 99.51%",
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
  const config = { log: "text", report: "notebook", metric: "log-loss", epochs: 50, stepsPerEpoch: 20 } as const;
  assertEquals(printed([epoch], { config }).text, "Epoch 01 - Loss: 0.7001 - Accuracy: 52.00%\n");
});

Deno.test("createReporter() replaces a live line, which fits into the terminal", () => {
  const { text } = printed([progress, epoch], { columns: 30 });
  assertEquals(text.split("\r\x1b[K").map((part) => part.trimEnd()), [
    "",
    "Epoch 1, round 7 - Loss: 0.70",
    "Epoch 01 - Loss: 0.7001 - Accuracy: 52.00% - Validation: 0.6931, 50.00% - 0.5 s",
  ]);
});

Deno.test("createReporter() prints events as JSON lines", () => {
  const config = { log: "json", report: "epochs", metric: "log-loss", epochs: 50, stepsPerEpoch: 20 } as const;
  const { text, events } = printed([started, progress, epoch], { config, columns: 80 });
  assertEquals(text.trim().split("\n").map((line) => JSON.parse(line)), events);
});
