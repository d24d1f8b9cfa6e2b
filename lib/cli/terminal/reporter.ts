/** Prints the events of a run on the terminal, as lines for people or as JSON lines. */
import { counted, percent } from "../../base/counted.ts";
import type { EventOf, RunEvent } from "../../base/events.ts";
import type { Config } from "../../config/schema.ts";
import { isNews } from "../../report/news.ts";
import { apply, streamText } from "../../report/run_events.ts";
import { createView } from "../../report/run_view.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { displayWidth, wrapped } from "./columns.ts";
import { finalReport, metricsText, NAMES, type RunFiles } from "./final_report.ts";
import { progressLine } from "./progress_line.ts";
import type { Emphasis, Terminal } from "./terminal.ts";

interface ReporterOptions {
  readonly config: Pick<Config, "log" | "report" | "metric" | "epochs" | "stepsPerEpoch" | "heldOut" | "maxSeconds">;
  readonly terminal: Pick<Terminal, "emphasize" | "live" | "json" | "width">;
}

/** Prints an event; the last one with what the files of the run say. */
export type Reporter = (event: RunEvent, files?: RunFiles) => void;

const WARNING = "Warning:";

export function createReporter({ config, terminal: { emphasize, live, json, width } }: ReporterOptions): Reporter {
  if (config.log === "json") return (event) => json(event);
  const view = createView("");
  view.config = { ...config };
  const say = (text: string, emphasis?: Emphasis, indent?: number) =>
    wrapped(text, width(), indent).forEach((part) => emphasize(part, emphasis));
  const warn = (name: string, text: string) => say(`${name} ${forCommandLine(text)}`, { tone: "warning", part: name });
  const report = (event: RunEvent, files: RunFiles | undefined): void => {
    switch (event.type) {
      case "started":
        if (event.data) say(dataLine(event.data, event.labels.length));
        for (const warning of event.data?.warnings ?? []) warn(WARNING, warning);
        return say(startLine(event));
      case "epoch":
        return emphasize(epochLine(event, config, width(), (view.started?.config ?? view.config).labels === "many"), {
          tone: "strong",
          part: validationText(event),
        });
      case "stopping":
        return say(`Ending after this round: ${event.reason}`);
      case "progress":
      case "checkpoint":
      case "cluster":
        return;
      case "rolledBack":
        return say(
          `Rolled back to ${event.restored > 0 ? `epoch ${event.epoch}` : "the start"}` +
            ` with learning rate ${event.learningRate}: ${forCommandLine(event.reason)}`,
        );
      case "resumed":
        return say(
          `Resumed after round ${event.round} on ${counted(event.workers, "worker")}` +
            (event.engine === undefined ? "" : `, engine ${event.engine}`) +
            (event.epochs === undefined ? "" : `, for ${counted(event.epochs, "epoch")} in all`),
        );
      case "paused":
        return say("Pausing after this round");
      case "unpaused":
        return say("Resumed");
      case "incident": {
        const { member, message } = event;
        if (isNews(message)) return say(`${member ?? "This machine"}: ${message}`);
        return warn(member === undefined ? "Incident:" : `Incident on ${member}:`, message);
      }
      case "baseline":
        return say(
          `Baseline: ${percent(event.validation.accuracy)} of the validation rows` +
            (event.test ? `, ${percent(event.test.accuracy)} of the test rows` : "") + ", a linear model of n-grams",
        );
      case "stream":
        return say(streamText(event));
      case "finished":
        return finalReport(view, { ...config, files, width: width() })
          .forEach(([text, emphasis]) => say(text, emphasis, NAMES));
      case "failed":
        return say(`Failed: ${forCommandLine(event.error)}`, { tone: "error" });
    }
  };
  return (event, files) => {
    apply(view, event);
    report(event, files);
    const columns = width();
    if (columns !== undefined && LIVE.has(view.phase)) live(progressLine(view, columns - 1));
  };
}

/** Phases in which the last line shows the progress. */
const LIVE: ReadonlySet<string> = new Set(["running", "paused", "stopping"]);

/**
 * A stop may end an epoch early: its line says how far it came, as the summary counts only whole epochs. A narrow terminal
 * shows only the metrics on the validation set.
 */
function epochLine(
  event: EventOf<"epoch">,
  { epochs, stepsPerEpoch, report }: ReporterOptions["config"],
  width = Infinity,
  isMany = false,
): string {
  const { epoch, step, training, seconds } = event;
  const number = String(epoch).padStart(Math.max(2, String(epochs).length), "0");
  const missing = epoch * stepsPerEpoch - step;
  const extent = missing > 0 ? ` (${stepsPerEpoch - missing} of ${counted(stepsPerEpoch, "step")})` : "";
  const name = `Epoch ${number}${extent}`;
  if (report === "notebook") return `${name} - ${metricsText(training, undefined, isMany)}`;
  const [validation, time] = [validationText(event), `${seconds.toFixed(1)} s`];
  const forms = [[name, metricsText(training, undefined, isMany), validation, time], [name, validation, time], [
    name,
    validation,
  ]];
  const lines = forms.map((parts) => parts.join(" - "));
  return lines.find((text) => displayWidth(text) <= width) ?? lines.at(-1)!;
}

function validationText({ heldOut: { loss, accuracy, macroF1 } }: EventOf<"epoch">): string {
  const f1 = macroF1 === undefined ? "" : `, macro-F1 ${macroF1.toFixed(4)}`;
  return `Validation: ${loss.toFixed(4)}, ${percent(accuracy)}${f1}`;
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
