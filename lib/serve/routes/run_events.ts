/** Answers with the events of a run: those after the last one that the client has, or 204 if it has all. */
import { z } from "zod";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import type { RunDetail } from "../../run/types.ts";
import type { RouteEnv } from "../pipeline/routes.ts";
import type { Runs } from "../services.ts";
import { type SseOptions, sseStream } from "../http/sse.ts";
import { dropFrame, type Drops } from "../metrics.ts";
import type { Target } from "../pipeline/target.ts";

/** The parts of Hono's context that are used. */
interface EventsContext {
  readonly req: { readonly raw: Request; readonly method: string };
  readonly env: RouteEnv["Bindings"];
}

const eventId = z.string().regex(/^\d{1,15}$/).transform(Number);

/** Returns the id of the last event that the client has, 0 for none. Throws an InputError unless it is a whole number. */
function lastEventId(request: Request, target: Target): number {
  const query = target.query().get("lastEventId");
  // The header wins: a client that reconnects sends it with its original URL.
  const text = request.headers.get("Last-Event-ID") || query;
  if (!text) return 0;
  const parsed = eventId.safeParse(text);
  if (parsed.success) return parsed.data;
  const field = text === query ? "lastEventId" : "Last-Event-ID";
  const message = `${field} is ${describe(text)}: expected a whole number, the id of the last event received`;
  throw inputError(field, message);
}

/** Returns whether the client wants every event: `?all=1`; the default is `?all=0`. Throws an InputError otherwise. */
function wantsAll(target: Target): boolean {
  const all = target.query().get("all") ?? "0";
  if (all === "0" || all === "1") return all === "1";
  throw inputError("all", `all is ${describe(all)}: expected 1 for every event of the run, or 0`);
}

export interface EventsOptions extends Omit<SseOptions, "notice" | "onDrop"> {
  readonly drops: Drops;
}

/** Returns 200 with the events that the client lacks, then new ones; 204 if the run is over and the client has all. */
export function eventsResponse(
  { req, env }: EventsContext,
  run: RunDetail,
  runs: Runs,
  options: EventsOptions,
): Response {
  const { drops } = options;
  const last = lastEventId(req.raw, env.target);
  const all = wantsAll(env.target);
  const over = !["running", "paused", "stopping"].includes(run.state);
  // EventSource reconnects after every end, unless it gets a 204.
  if (over && last === run.events) return new Response(null, { status: 204 });
  // A larger id than this log has is from another log.
  const from = last > run.events ? 0 : last;
  const headers = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
  if (req.method === "HEAD") return new Response(null, { headers });
  env.peer.streams = true;
  const { client } = env;
  const drop = drops.take(client, run.id, from);
  const body = sseStream((signal) => runs.events(run.id, from, signal, all), {
    ...options,
    notice: drop && dropFrame(drop),
    onDrop: (to) => {
      drops.add({ client, run: run.id, from, to: Math.max(from, to), at: new Date().toISOString() });
      // A normal end would wait for a client that does not read.
      env.peer.cut();
    },
  });
  return new Response(body, { headers });
}
