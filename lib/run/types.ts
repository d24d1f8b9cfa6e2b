/** What the world sees of runs and models: plain values, no tensors. */
import type { Summary } from "../base/events.ts";

/** `queued`: it waits for its turn; `interrupted`: the log ends without an end and nobody is training. */
export const RUN_STATES = ["queued", "running", "paused", "stopping", "finished", "failed", "interrupted"] as const;
export type RunState = typeof RUN_STATES[number];

export interface RunDetail {
  readonly id: string;
  readonly state: RunState;
  /** ISO 8601; of one that is queued, when it was asked for. */
  readonly startedAt: string;
  /** Position of the newest event in the log. */
  readonly events: number;
  readonly config: Readonly<Record<string, unknown>>;
  /** Once finished. */
  readonly summary: Summary | null;
  /** Of one that is queued: 1 for the next. */
  readonly place?: number;
  /** Of one that could not even start: why. */
  readonly error?: string;
}

/** A JSON file of a run, checked: as bytes, which cost nothing to pass on. */
export type JsonText = Uint8Array<ArrayBuffer>;

/** Which runs are listed: those of a state, with a text, below the run `after`, `limit` at most. */
export interface RunQuery {
  readonly state?: RunState | undefined;
  /** In the id, the task or a name of the data, in any case. */
  readonly text?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** What came of the wish to start a run: the run, which waits; or why not, as too many wait or nobody trains here. */
export type Admission = RunDetail | "full" | "never";

/** What came of the wish to remove a run: `busy` if it is being trained or served, `kept` if this process may not. */
export type Removal = "removed" | "busy" | "kept";

/** What can be asked of a run that is training. */
export const RUN_ACTIONS = ["pause", "resume", "stop"] as const;
export type RunAction = typeof RUN_ACTIONS[number];
