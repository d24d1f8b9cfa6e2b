/** `summary.json`: what a run came to. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { TrainingConfig } from "../config/schema.ts";
import { type Figures, type RunEvent, type Summary, summarySchema } from "../events.ts";
import { reasonText, StopReason } from "../lockstep/control.ts";
import type { Committed, State } from "../lockstep/state.ts";
import { lastEvent } from "./event_log.ts";
import { errorCode, readJson } from "./files.ts";

/** What a training came to. */
export interface Outcome {
  readonly run: string;
  readonly config: TrainingConfig;
  readonly workers: number;
  readonly reason: StopReason;
  readonly seconds: number;
  /** The last state, and the held-out figures of the last evaluation. */
  readonly newest: State;
  readonly heldOut: Figures | null;
  /** The earlier state that the run ends with instead, if it does. */
  readonly best: Committed | undefined;
  /** Of the state that it ends with. */
  readonly digest: string;
  /** Trained on, without those that were taken back. */
  readonly sequences: number;
}

export function createSummary(outcome: Outcome): Summary {
  const { run, config, workers, reason, seconds, newest, best, digest, sequences } = outcome;
  const { stepsPerEpoch, shards } = config;
  const ofBest = newest.course.best;
  const heldOut = best && ofBest ? { loss: ofBest.loss, accuracy: ofBest.accuracy } : outcome.heldOut;
  return {
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
    sequencesPerSecond: sequences / seconds,
    workers,
    shards,
    engine: engineName(config),
  };
}

/** What computes, in full: `tfjs/wasm`. */
export function engineName({ engine, backend }: TrainingConfig): string {
  return engine === "tfjs" ? `${engine}/${backend}` : engine;
}

/** The summary in the run's directory, or null if there is none. Throws if it is damaged. */
export async function readSummary(directory: string): Promise<Summary | null> {
  try {
    return await readJson(join(directory, "summary.json"), summarySchema);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** The summary in the log, whose last event is `last`, unless `summary.json` says otherwise: one of them is damaged then. */
export async function agreedSummary(directory: string, last: RunEvent | undefined): Promise<Summary | undefined> {
  if (last?.type !== "finished") return undefined;
  const told = await readSummary(directory).catch(() => undefined);
  return told === null || isDeepStrictEqual(told, last.summary) ? last.summary : undefined;
}

/** The agreed summary of a run that was trained to its own end, and not stopped before. */
export async function finalSummary(directory: string): Promise<Summary | undefined> {
  const last = await lastEvent(join(directory, "events.jsonl")).catch(() => undefined);
  const summary = await agreedSummary(directory, last);
  return summary && isFinal(summary) ? summary : undefined;
}

/** Whether a run was trained to its own end: there is nothing to resume. */
export function isFinal({ reason }: Pick<Summary, "reason">): boolean {
  return [StopReason.epochs, StopReason.target, StopReason.patience].map(reasonText).includes(reason);
}
