/** A run on the terminal: its events as lines for people, or as JSON lines. */
import { counted } from "../../base/counted.ts";
import type { Config } from "../../config/schema.ts";
import type { EventOf, Figures, RunEvent } from "../../base/events.ts";
import { isFinal } from "../../run/log/summary.ts";
import { forCommandLine } from "../arguments/messages.ts";
import type { Terminal } from "./terminal.ts";

export interface ReporterOptions {
  readonly config: Pick<Config, "log" | "report" | "epochs">;
  readonly terminal: Pick<Terminal, "line" | "live" | "json">;
}

const integer = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
const figures = ({ loss, accuracy }: Figures) => `Loss: ${loss.toFixed(4)} - Accuracy: ${percent(accuracy)}`;

/** Returns the function that prints each event as it comes. */
export function createReporter({ config, terminal: { line, live, json } }: ReporterOptions): (event: RunEvent) => void {
  if (config.log === "json") return (event) => json(event);
  const digits = Math.max(2, String(config.epochs).length);
  return (event) => {
    switch (event.type) {
      case "started":
        if (event.data) line(dataLine(event.data, event.labels.length));
        for (const warning of event.data?.warnings ?? []) line(`Warning: ${forCommandLine(warning)}`);
        return line(startLine(event));
      case "progress":
        return live(progressLine(event));
      case "epoch":
        return line(
          config.report === "notebook"
            ? `Epoch ${String(event.epoch).padStart(digits, "0")} - ${figures(event.training)}`
            : `Epoch ${String(event.epoch).padStart(digits, "0")} - ${figures(event.training)}` +
              ` - Held out: ${event.heldOut.loss.toFixed(4)}, ${percent(event.heldOut.accuracy)}` +
              ` - ${event.seconds.toFixed(1)} s`,
        );
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
        return line("Going on");
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

function startLine({ run, config, parameters, shards, workers, engine }: EventOf<"started">): string {
  return `Run ${run}: ${config.task}, ${counted(parameters, "parameter")}, ` +
    `${counted(shards, "shard")} on ${counted(workers, "worker")}, engine ${engine}`;
}

function dataLine(data: NonNullable<EventOf<"started">["data"]>, classes: number): string {
  const { sources, rows, validation, test, vocabulary, known = vocabulary - 2, length, unknown, truncated, skipped } =
    data;
  return `Data ${sources.join(", ")}: ${counted(rows, "row")} and ${integer.format(validation)} to validate` +
    (test === null ? "" : `, ${integer.format(test)} to test`) +
    `, ${counted(classes, "class")}, ${counted(known, "token")} known (${percent(unknown)} are not), ` +
    `at most ${length} of a row (${counted(truncated, "row")} cut)` +
    (skipped > 0 ? `, ${counted(skipped, "bad row")} skipped` : "");
}

interface OnRows {
  readonly validation: Figures;
  readonly test?: Figures | undefined;
}

function accuracyText({ validation, test }: OnRows): string {
  const tested = test ? `, ${percent(test.accuracy)} of the test rows` : "";
  return `${percent(validation.accuracy)} of the held-out rows${tested}`;
}

function modelText(share: number): string {
  const percentage = (part: number) => `${Math.round(100 * part)}%`;
  if (share === 0) return "the n-grams alone, as the LSTM is no gain";
  return share === 1
    ? "the LSTM alone, as n-grams are no gain"
    : `the mean of both, the LSTM counting ${percentage(share)} and the n-grams ${percentage(1 - share)}`;
}

function progressLine({ epoch, round, training, sequencesPerSecond }: EventOf<"progress">): string {
  return `Epoch ${epoch}, round ${round} - ${figures(training)} - ${integer.format(sequencesPerSecond)} sequences/s`;
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
    lstm,
    test,
    baseline,
  } = summary;
  return [
    `${isFinal({ reason }) ? "Finished:" : "Stopped: "} ${reason} after ${counted(epochs, "epoch")}, ${
      counted(rounds, "round")
    }, ${counted(sequences, "sequence")} ` +
    `in ${seconds.toFixed(1)} s (${integer.format(sequencesPerSecond)} sequences/s)`,
    ...(best ? [`Best:     epoch ${best.epoch}, round ${best.round}`] : []),
    ...(heldOut ? [`Held out: ${figures(heldOut)}`] : []),
    ...(test ? [`Test:     ${figures(test)} - Macro-F1: ${test.macroF1.toFixed(4)}`] : []),
    ...(lstm ? [`LSTM:     ${accuracyText(lstm)}`] : []),
    ...(baseline ? [`Baseline: ${accuracyText(baseline)}`] : []),
    ...(lstm ? [`Model:    ${modelText(lstm.share)}`] : []),
    `Digest:   ${digest}`,
  ];
}
