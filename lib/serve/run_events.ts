/** The events of a run as an answer: where a client goes on, and whether there is anything to go on with. */
import { z } from "zod";
import { describe } from "../data/sequences.ts";
import { InputError } from "../errors.ts";
import type { RunDetail } from "../run/types.ts";
import type { RunLibrary } from "./services.ts";
import { type SseOptions, sseStream } from "./sse.ts";

const eventId = z.string().regex(/^\d{1,15}$/).transform(Number);

/** Id of the last event that the client has, 0 for none. Throws InputError for anything but a whole number. */
export function lastEventId(request: Request): number {
  const query = new URL(request.url).searchParams.get("lastEventId");
  // The header wins: a client that comes back sends it along with the address that it first asked.
  const text = request.headers.get("Last-Event-ID") || query;
  if (!text) return 0;
  const parsed = eventId.safeParse(text);
  if (parsed.success) return parsed.data;
  const field = text === query ? "lastEventId" : "Last-Event-ID";
  const message = `${field} is ${describe(text)}: expected a whole number, the id of the last event received`;
  throw new InputError([{ field, message }]);
}

/** 200 with the events that the client lacks, then those to come; 204 where it has all there will ever be. */
export function eventsResponse(request: Request, run: RunDetail, runs: RunLibrary, options: SseOptions): Response {
  const last = lastEventId(request);
  const over = !["running", "paused", "stopping"].includes(run.state);
  // EventSource comes back after every end, unless it is told with 204 that there is no more.
  if (over && last === run.events) return new Response(null, { status: 204 });
  // An id that this log has not reached is of another log.
  const after = last > run.events ? 0 : last;
  const body = request.method === "HEAD" ? null : sseStream((signal) => runs.events(run.id, after, signal), options);
  return new Response(body, { headers: { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" } });
}
