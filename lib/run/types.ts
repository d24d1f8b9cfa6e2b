/** Describes runs to clients, as plain values without tensors: HTTP, the dashboard and the library of runs use it. */
import { z } from "zod";
import { summarySchema } from "../base/events.ts";
import { notesSchema } from "../config/notes_shape.ts";

/** `queued`: the run waits for its turn; `interrupted`: its log has no end, and no process trains it. */
export const RUN_STATES = ["queued", "running", "paused", "stopping", "finished", "failed", "interrupted"] as const;
export type RunState = typeof RUN_STATES[number];

export const runDetailSchema = z.object({
  id: z.string(),
  state: z.enum(RUN_STATES),
  /** True if another process trains the run: this one can neither steer it nor see its events at once. */
  elsewhere: z.boolean().optional(),
  /** The time of the request, for a queued run. */
  startedAt: z.iso.datetime(),
  /** Name, note and tags that people gave it, if there are any. */
  ...notesSchema.shape,
  /** Position of the newest event in the log. */
  events: z.int(),
  config: z.record(z.string(), z.unknown()),
  /** Null until the run is finished. */
  summary: summarySchema.nullable(),
  /** Place in the queue, for a queued run: 1 for the next. */
  place: z.int().optional(),
  /** The search for a better config that a queued run waits for: its trials have the id as their tag. */
  search: z.object({
    id: z.string(),
    minutes: z.number(),
    /** Minutes so far. */
    elapsed: z.number(),
    trials: z.int(),
    /** The options of the best config so far that are no defaults. */
    best: z.record(z.string(), z.unknown()),
  }).optional(),
  /** Says why a run could not start. */
  error: z.string().optional(),
});
export type RunDetail = Readonly<z.infer<typeof runDetailSchema>>;

/** A checked JSON file of a run, as bytes, which cost nothing to forward. */
export type JsonText = Uint8Array<ArrayBuffer>;

/** Selects runs for a list: those of a state, with a tag and a text, below the run `after`, `limit` at most. */
export interface RunQuery {
  readonly state?: RunState | undefined;
  readonly tag?: string | undefined;
  /** Found in the id, name, note, tags, task or a name of the data; case is ignored. */
  readonly text?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** The result of a request for a run: the queued run, `full` if too many wait, or `never` if this process does not train. */
export type Admission = RunDetail | "full" | "never";

/** The result of a request to remove a run: `busy` if it is trained or served, `kept` if this process may not remove it. */
export type Removal = "removed" | "busy" | "kept";

/** The result of an edit of a run's notes: the run, or `kept` if this process may not write to it. */
export type Edit = RunDetail | "kept";

/** Actions of a run that is training. */
export const RUN_ACTIONS = ["pause", "resume", "stop"] as const;
export type RunAction = typeof RUN_ACTIONS[number];
