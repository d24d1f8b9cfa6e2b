/** One line of an event log. */
import { eventSchema, type RunEvent } from "../../base/events.ts";

/** The event that `line` is; undefined if it is none. */
export function parseEvent(line: string): RunEvent | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
