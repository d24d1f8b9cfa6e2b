/** Prints the events of a run on the terminal, as lines for people or as JSON lines. */
import { counted } from "../../base/counted.ts";
import type { Config } from "../../config/schema.ts";
import type { EventOf, Metrics, RunEvent, Summary } from "../../base/events.ts";
import { printable } from "../../base/printable.ts";
import { isFinal } from "../../run/log/summary.ts";
import { forCommandLine } from "../arguments/messages.ts";
import type { Terminal } from "./terminal.ts";

interface ReporterOptions {
  readonly config: Pick<Config, "log" | "report" | "epochs" | "stepsPerEpoch">;
  readonly terminal: Pick<Terminal, "line" | "live" | "json">;
}

const integer = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
const metrics = ({ loss, accuracy }: Metrics) => `Loss: ${loss.toFixed(4)} - Accuracy: ${percent(accuracy)}`;

/** Formats a line of the final report. */
export const item = (name: string, text: string): string => (name === "" ? "" : `${name}:`).padEnd(12) + text;

/** Returns a function that prints an event. */
export function createReporter({ config, terminal: { line, live, json } }: ReporterOptions): (event: RunEvent) => void {
  if (config.log === "json") return (event) => json(event);
  return (event) => {
    switch (event.type) {
      case "started":
        if (event.data) line(dataLine(event.data, event.labels.length));
        for (const warning of event.data?.warnings ?? []) line(`Warning: ${forCommandLine(warning)}`);
        return line(startLine(event));
      case "progress":
        return live(progressLine(event));
      case "epoch":
        return line(epochLine(event, config));
      case "stopping":
        return line(`Ending after this round: ${event.reason}`);
      case "checkpoint":
      case "cluster":
        return;
      case "rolledBack":
        return line(
          `Rolled back to ${event.restored > 0 ? `epoch ${event.epoch}` : "the start"}` +
            ` with learning rate ${event.learningRate}: ${forCommandLine(event.reason)}`,
        );
      case "resumed":
        return line(`Resumed after round ${event.round} on ${counted(event.workers, "worker")}`);
      case "paused":
        return line("Pausing after this round");
      case "unpaused":
        return line("Resumed");
      case "incident":
        return line(
          `Incident${event.member === undefined ? "" : ` on ${event.member}`}: ${forCommandLine(event.message)}`,
        );
      case "baseline":
        return line(`Baseline: ${accuracyText(event)}, a linear model of n-grams`);
      case "finished":
        return summaryLines(event).forEach((text) => line(text));
      case "failed":
        return line(`Failed: ${forCommandLine(event.error)}`);
    }
  };
}

/** A stop may end an epoch early: its line says how far it came, as the summary counts only whole epochs. */
function epochLine(
  { epoch, step, training, heldOut, seconds }: EventOf<"epoch">,
  { epochs, stepsPerEpoch, report }: ReporterOptions["config"],
): string {
  const number = String(epoch).padStart(Math.max(2, String(epochs).length), "0");
  const missing = epoch * stepsPerEpoch - step;
  const extent = missing > 0 ? ` (${stepsPerEpoch - missing} of ${counted(stepsPerEpoch, "step")})` : "";
  const line = `Epoch ${number}${extent} - ${metrics(training)}`;
  if (report === "notebook") return line;
  return `${line} - Validation: ${heldOut.loss.toFixed(4)}, ${percent(heldOut.accuracy)} - ${seconds.toFixed(1)} s`;
}

function startLine({ run, config, parameters, shards, workers, engine }: EventOf<"started">): string {
  return `Run ${run}: ${config.task}, ${counted(parameters, "parameter")}, ` +
    `${counted(shards, "shard")} on ${counted(workers, "worker")}, engine ${engine}`;
}

function dataLine(data: NonNullable<EventOf<"started">["data"]>, classes: number): string {
  const { sources, rows, validation, test, vocabulary, known = vocabulary - 2, length, unknown, truncated, skipped } =
    data;
  return `Data ${sources.join(", ")}: ${counted(rows, "training row")}, ${counted(validation, "validation row")}` +
    (test === null ? "" : `, ${counted(test, "test row")}`) +
    `, ${counted(classes, "class")}, ${counted(known, "known token")} (${percent(unknown)} are unknown), ` +
    `at most ${length} per row (${counted(truncated, "row")} cut)` +
    (skipped > 0 ? `, ${counted(skipped, "bad row")} skipped` : "");
}

interface OnRows {
  readonly validation: Metrics;
  readonly test?: Metrics | undefined;
}

function accuracyText({ validation, test }: OnRows): string {
  const tested = test ? `, ${percent(test.accuracy)} of the test rows` : "";
  return `${percent(validation.accuracy)} of the validation rows${tested}`;
}

function macroF1Text(rows: { readonly macroF1: number } | undefined): string {
  return rows ? ` - Macro-F1: ${rows.macroF1.toFixed(4)}` : "";
}

/** Names the pairs of classes that the served model confuses most, if it does. */
function confusedLine(rows: Summary["validation"]): string[] {
  const pairs = rows?.confused ?? [];
  if (pairs.length === 0) return [];
  const text = pairs.map(({ label, given, rows }) => `${label} predicted as ${given} (${counted(rows, "row")})`);
  return [item("Confused", printable(text.join(", ")))];
}

function modelText(share: number): string {
  const percentage = (part: number) => `${Math.round(100 * part)}%`;
  if (share === 0) return "only the n-grams, which the LSTM does not improve";
  return share === 1
    ? "only the LSTM, which n-grams do not improve"
    : `LSTM and n-grams combined, ${percentage(share)} LSTM and ${percentage(1 - share)} n-grams`;
}

function progressLine({ epoch, round, training, sequencesPerSecond }: EventOf<"progress">): string {
  return `Epoch ${epoch}, round ${round} - ${metrics(training)} - ${integer.format(sequencesPerSecond)} sequences/s`;
}

function summaryLines({ summary }: EventOf<"finished">): string[] {
  const {
    reason,
    epochs,
    rounds,
    sequences,
    seconds,
    sequencesPerSecond,
    digest,
    best,
    heldOut,
    validation,
    lstm,
    test,
    baseline,
  } = summary;
  return [
    `${isFinal({ reason }) ? "Finished:" : "Stopped:"} ${reason} after ${counted(epochs, "epoch")}, ${
      counted(rounds, "round")
    }, ${counted(sequences, "sequence")} ` +
    `in ${seconds.toFixed(1)} s (${integer.format(sequencesPerSecond)} sequences/s)`,
    ...(best ? [item("Best", `epoch ${best.epoch}, round ${best.round}`)] : []),
    ...(heldOut ? [item("Validation", `${metrics(heldOut)}${macroF1Text(validation)}`)] : []),
    ...(test ? [item("Test", `${metrics(test)}${macroF1Text(test)}`)] : []),
    ...confusedLine(test ?? validation),
    ...(lstm ? [item("LSTM", accuracyText(lstm))] : []),
    ...(baseline ? [item("Baseline", accuracyText(baseline))] : []),
    ...(lstm ? [item("Model", modelText(lstm.share))] : []),
    item("Digest", digest),
  ];
}
