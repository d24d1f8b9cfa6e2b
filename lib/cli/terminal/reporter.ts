/** Prints the events of a run on the terminal, as lines for people or as JSON lines. */
import { counted, percent, whole } from "../../base/counted.ts";
import type { Config } from "../../config/schema.ts";
import type { EventOf, RunEvent } from "../../base/events.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { accuracyText, finalReport, metricsText } from "./final_report.ts";
import type { Terminal } from "./terminal.ts";

interface ReporterOptions {
  readonly config: Pick<Config, "log" | "report" | "metric" | "epochs" | "stepsPerEpoch">;
  readonly terminal: Pick<Terminal, "line" | "live" | "json">;
}

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
        return line(
          `Resumed after round ${event.round} on ${counted(event.workers, "worker")}` +
            (event.engine === undefined ? "" : `, engine ${event.engine}`),
        );
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
        return finalReport(event.summary, config.metric).forEach((text) => line(text));
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
  const line = `Epoch ${number}${extent} - ${metricsText(training)}`;
  if (report === "notebook") return line;
  const { loss, accuracy, macroF1 } = heldOut;
  const f1 = macroF1 === undefined ? "" : `, macro-F1 ${macroF1.toFixed(4)}`;
  return `${line} - Validation: ${loss.toFixed(4)}, ${percent(accuracy)}${f1} - ${seconds.toFixed(1)} s`;
}

function startLine({ run, config, parameters, shards, workers, engine }: EventOf<"started">): string {
  return `Run ${run}: ${config.task}, ${counted(parameters, "parameter")}, ` +
    `${counted(shards, "shard")} on ${counted(workers, "worker")}, engine ${engine}`;
}

function dataLine(data: NonNullable<EventOf<"started">["data"]>, classes: number): string {
  const { sources, rows, validation, test, vocabulary, known = vocabulary - 2, vectors } = data;
  const { length, unknown, truncated, skipped } = data;
  return `Data ${sources.join(", ")}: ${counted(rows, "training row")}, ${counted(validation, "validation row")}` +
    (test === null ? "" : `, ${counted(test, "test row")}`) +
    `, ${counted(classes, "class")}, ${counted(known, "known token")} (${percent(unknown)} are unknown), ` +
    (vectors ? `vectors for ${vectors.words} of them and ${counted(vectors.others, "other word")}, ` : "") +
    `at most ${length} per row (${counted(truncated, "row")} cut)` +
    (skipped > 0 ? `, ${counted(skipped, "bad row")} skipped` : "");
}

function progressLine({ epoch, round, training, sequencesPerSecond }: EventOf<"progress">): string {
  return `Epoch ${epoch}, round ${round} - ${metricsText(training)} - ${whole(sequencesPerSecond)} sequences/s`;
}
