/** `summary.json`: what a run came to. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { TrainingConfig } from "../../config/schema.ts";
import { type Metrics, type RunEvent, type Summary, summarySchema } from "../../base/events.ts";
import { reasonText, StopReason } from "../../lockstep/memory/control.ts";
import type { Committed, State } from "../../lockstep/memory/state.ts";
import { lastEvent } from "./event_log.ts";
import { errorCode, readJson } from "../files/files.ts";

/** What a training came to. */
export interface Outcome {
  readonly run: string;
  readonly config: TrainingConfig;
  readonly workers: number;
  readonly reason: StopReason;
  readonly seconds: number;
  /** The last state, and the held-out figures of the last evaluation. */
  readonly newest: State;
  readonly heldOut: Metrics | null;
  /** The earlier state that the run ends with instead, if it does. */
  readonly best: Committed | undefined;
  /** Of the state that it ends with. */
  readonly digest: string;
  /** Trained on, without those that were taken back. */
  readonly sequences: number;
  /** Of the finished model and its parts, where files were trained on. */
  readonly metrics: Pick<Summary, "validation" | "test" | "lstm" | "baseline"> | undefined;
}

/** All that is shown of a run that has ended: the terminal, the page, `/runs`, `/events` and `summary.json` have it from here. */
export function createSummary(outcome: Outcome): Summary {
  const { run, config, workers, reason, seconds, newest, best, digest, sequences } = outcome;
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
    // Seconds are whole milliseconds: a run that was stopped at once has none.
    sequencesPerSecond: seconds > 0 ? sequences / seconds : 0,
    workers,
    shards,
    engine: engineName(config),
    ...outcome.metrics,
  });
}

/**
 * `summary` with the held-out figures of the model that is served. Earlier versions wrote the LSTM's there where n-grams
 * are combined with it, which `lstm` has too.
 */
function withServedMetrics(summary: Summary): Summary {
  const { validation } = summary;
  return validation ? { ...summary, heldOut: { loss: validation.loss, accuracy: validation.accuracy } } : summary;
}

/** What computes, in full: `tfjs/wasm`. */
export function engineName({ engine, backend }: TrainingConfig): string {
  return engine === "tfjs" ? `${engine}/${backend}` : engine;
}

/** The summary in the run's directory, or null if there is none. Throws if it is damaged. */
export async function readSummary(directory: string): Promise<Summary | null> {
  try {
    return withServedMetrics(await readJson(join(directory, "summary.json"), summarySchema));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/**
 * The summary in the log of run `id`, whose last event is `last`, unless it is of another run, or `summary.json` says
 * otherwise: one of them is damaged then.
 */
export async function agreedSummary(
  directory: string,
  id: string,
  last: RunEvent | undefined,
): Promise<Summary | undefined> {
  if (last?.type !== "finished" || last.summary.run !== id) return undefined;
  const told = await readSummary(directory).catch(() => undefined);
  const summary = withServedMetrics(last.summary);
  return told === null || isDeepStrictEqual(told, summary) ? summary : undefined;
}

/** The agreed summary of a run that was trained to its own end, and not stopped before. */
export async function finalSummary(directory: string, id: string): Promise<Summary | undefined> {
  const last = await lastEvent(join(directory, "events.jsonl")).catch(() => undefined);
  const summary = await agreedSummary(directory, id, last);
  return summary && isFinal(summary) ? summary : undefined;
}

/** Whether a run was trained to its own end: there is nothing to resume. */
export function isFinal({ reason }: Pick<Summary, "reason">): boolean {
  return [StopReason.epochs, StopReason.target, StopReason.patience].map(reasonText).includes(reason);
}
