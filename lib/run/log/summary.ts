/** Makes the summary of a finished run, and reads it from `summary.json` and the event log. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { counted } from "../../base/counted.ts";
import { inputError } from "../../base/errors.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { type Metrics, type RunEvent, type Summary, summarySchema } from "../../base/events.ts";
import { reasonText, StopReason } from "../../lockstep/memory/control.ts";
import type { Committed, State } from "../../lockstep/memory/state.ts";
import type { Manifest } from "../files/manifest.ts";
import { lastEvent } from "./event_log.ts";
import { readJson, unlessMissing } from "../files/files.ts";

/** The results of a training. */
interface Outcome {
  readonly run: string;
  readonly config: TrainingConfig;
  readonly workers: number;
  /** The full name of the engine. */
  readonly engine: string;
  readonly reason: StopReason;
  readonly seconds: number;
  /** The last state, and the validation metrics of the last evaluation. */
  readonly newest: State;
  readonly heldOut: Metrics | null;
  /** An earlier state, if the run ends with it instead. */
  readonly best: Committed | undefined;
  /** The digest of the state that the run ends with. */
  readonly digest: string;
  /** Counts the sequences that the newest state was trained on. */
  readonly sequences: number;
  /** Metrics of the finished model and its parts, if the run was trained on files. */
  readonly metrics: Pick<Summary, "validation" | "test" | "rows" | "lstm" | "baseline" | "parent"> | undefined;
}

/** Makes the summary that the terminal, the dashboard, `/runs`, `/events` and `summary.json` show. */
export function createSummary(outcome: Outcome): Summary {
  const { run, config, workers, reason, seconds, newest, best, digest, sequences, engine } = outcome;
  const { stepsPerEpoch, shards } = config;
  const ofBest = newest.history.best;
  const heldOut = best && ofBest ? { loss: ofBest.loss, accuracy: ofBest.accuracy } : outcome.heldOut;
  return withServedMetrics({
    run,
    digest,
    heldOut,
    best: best ? { epoch: best.step / stepsPerEpoch, round: best.round } : null,
    reason: reasonText(reason),
    epochs: Math.floor(newest.step / stepsPerEpoch),
    rounds: newest.round,
    steps: newest.step,
    sequences,
    seconds,
    // Seconds are whole milliseconds: a run that is stopped at once may have 0.
    sequencesPerSecond: seconds > 0 ? sequences / seconds : 0,
    workers,
    shards,
    engine,
    ...outcome.metrics,
  });
}

/**
 * Returns `summary` with the validation metrics of the model that is served. Earlier versions wrote the metrics of the
 * LSTM there if n-grams are combined with it; `lstm` has those too.
 */
function withServedMetrics(summary: Summary): Summary {
  const { validation } = summary;
  return validation ? { ...summary, heldOut: { loss: validation.loss, accuracy: validation.accuracy } } : summary;
}

/** Reads the summary in the run's directory, or null if there is none. Throws if it is damaged. */
export async function readSummary(directory: string): Promise<Summary | null> {
  const summary = await unlessMissing(() => readJson(join(directory, "summary.json"), summarySchema));
  return summary ? withServedMetrics(summary) : null;
}

/**
 * Returns the summary in the log of run `id`, whose last event is `last`. Returns undefined if it is of another run, or if
 * `summary.json` differs, as one of them is then damaged.
 */
export async function agreedSummary(
  directory: string,
  id: string,
  last: RunEvent | undefined,
): Promise<Summary | undefined> {
  if (last?.type !== "finished" || last.summary.run !== id) return undefined;
  const saved = await readSummary(directory).catch(() => undefined);
  const summary = withServedMetrics(last.summary);
  return saved === null || isDeepStrictEqual(saved, summary) ? summary : undefined;
}

/**
 * Returns the agreed summary of a run that was trained to its end, which is after `epochs` at the latest, and not stopped
 * before. Throws an InputError if those are more than it has, and it ended for another reason.
 */
export async function finalSummary(
  directory: string,
  { id, config }: Pick<Manifest, "id"> & { readonly config: Pick<TrainingConfig, "epochs"> },
  epochs = config.epochs,
): Promise<Summary | undefined> {
  const last = await lastEvent(join(directory, "events.jsonl")).catch(() => undefined);
  const summary = await agreedSummary(directory, id, last);
  if (!summary || !isFinal(summary)) return undefined;
  const { reason, epochs: done } = summary;
  // A process may have been killed right after it gave the run more epochs.
  if (reason === reasonText(StopReason.epochs)) return done < epochs ? undefined : summary;
  if (epochs <= config.epochs) return summary;
  const message =
    `\`epochs\` is ${epochs}: more epochs change nothing, as run ${id} ended after ${counted(done, "epoch")} ` +
    `of ${config.epochs} because of another option: ${reason}`;
  throw inputError("epochs", message);
}

/** Returns whether a run was trained to its end, so that it cannot be resumed. */
export function isFinal({ reason }: Pick<Summary, "reason">): boolean {
  return [StopReason.epochs, StopReason.target, StopReason.patience].map(reasonText).includes(reason);
}
