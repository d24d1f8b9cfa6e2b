/** What the world sees of runs and models: plain values, no tensors. */
import type { Summary } from "../events.ts";

/** `interrupted`: the log ends without an end and nobody is training. */
export type RunState = "running" | "paused" | "stopping" | "finished" | "failed" | "interrupted";

export interface RunDetail {
  readonly id: string;
  readonly state: RunState;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Position of the newest event in the log. */
  readonly events: number;
  readonly config: Readonly<Record<string, unknown>>;
  /** Once finished. */
  readonly summary: Summary | null;
}

/** What can be asked of a run that is training. */
export const RUN_ACTIONS = ["pause", "resume", "stop"] as const;
export type RunAction = typeof RUN_ACTIONS[number];
