/// <reference lib="dom" />
/**
 * Follows the server's current run, or the one that was chosen: finds it, reads its event stream, and continues after cuts
 * and restarts of the server. Knows nothing of the page.
 */
import type { RunEvent } from "../lib/base/events.ts";
import { apply, EVENT_TYPES } from "../lib/report/run_events.ts";
import { createView, type RunView } from "../lib/report/run_view.ts";
import type { RunDetail } from "../lib/run/types.ts";
import { currentRun, messageOf, Refusal, runDetail } from "./api.ts";

/**
 * `preparing`: the server reads the data of its first run. `empty`: the server has no run, or not the chosen one. `done`: the
 * run has ended and all its events are here. `elsewhere`: another process trains the run, and the server is asked for news
 * now and then. `gone`: the server does not answer any more.
 */
export type Link = "connecting" | "preparing" | "empty" | "live" | "reconnecting" | "elsewhere" | "done" | "gone";

export interface Follower {
  /** Receives the run at every poll. */
  run(detail: RunDetail): void;
  /** Receives an event, the same one again if a stream restarts. */
  event(event: RunEvent): void;
  /** Reports that the server had cut the stream of a slow reader. The stream continues. */
  dropped(message: string): void;
  /** Reports the state of the connection, and the server's own words about it. */
  became(link: Link, words?: string): void;
}

/** Time until the server is asked again: after a cut, while a run is missing, and while one is done. */
const CUT_MS = 300;
const RETRY_MS = 2000;
const IDLE_MS = 5000;
/** After so many requests without an answer the server is gone. The page continues to ask. */
const MOST_TRIES = 3;

/**
 * Follows run `chosen`, or the server's current run if undefined, until `signal` aborts. `first` is the answer to the first
 * request, if that was sent already.
 */
export async function follow(
  chosen: string | undefined,
  follower: Follower,
  signal: AbortSignal,
  first?: ReturnType<typeof currentRun>,
): Promise<void> {
  let id = "";
  let lastId = 0;
  let hasEnded = false;
  let tries = 0;
  while (!signal.aborted) {
    let delayMs = RETRY_MS;
    try {
      const asked = first ?? (chosen === undefined ? currentRun() : runDetail(chosen));
      first = undefined;
      const run = await asked;
      if (signal.aborted) return;
      tries = 0;
      if (run && run.id !== id) [id, lastId] = [run.id, 0];
      if (run) follower.run(run);
      // Unless it is resumed.
      hasEnded = run !== undefined && !["running", "paused", "stopping"].includes(run.state);
      const isRead = run !== undefined && (hasEnded || run.elsewhere === true) && lastId >= run.events;
      if (run && !isRead) {
        if (!run.elsewhere) follower.became(lastId > 0 ? "reconnecting" : "connecting");
        lastId = await readStream(run, lastId, follower, signal);
        delayMs = CUT_MS;
      } else {
        follower.became(!isRead ? "empty" : hasEnded ? "done" : "elsewhere");
        if (isRead) delayMs = IDLE_MS;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refusal)) follower.became(hasEnded || ++tries > MOST_TRIES ? "gone" : "reconnecting");
      else follower.became(error.status === 503 ? "preparing" : "empty", messageOf(error));
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

/** Reads the events after `lastId` until the run has ended or the stream is cut. Resolves to the id of the last one. */
function readStream(run: RunDetail, lastId: number, follower: Follower, signal: AbortSignal): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const source = openEvents(run.id, lastId, (event) => {
    if (signal.aborted) return;
    lastId = Math.max(lastId, event.id);
    follower.event(event);
    // A run that was resumed has earlier ends, with more events after them.
    if ((event.type === "finished" || event.type === "failed") && event.id >= run.events) resolve(lastId);
  });
  source.addEventListener("open", () => follower.became(run.elsewhere ? "elsewhere" : "live"));
  source.addEventListener("error", () => resolve(lastId));
  source.addEventListener("dropped", ({ data }: MessageEvent<string>) => {
    const { message }: { message: string } = JSON.parse(data);
    follower.dropped(message);
  });
  signal.addEventListener("abort", () => resolve(lastId));
  return promise.finally(() => source.close());
}

/** Opens the stream of the events of `run` after `lastId`. */
function openEvents(run: string, lastId: number, receive: (event: RunEvent) => void): EventSource {
  const source = new EventSource(`runs/${encodeURIComponent(run)}/events?lastEventId=${lastId}`);
  for (const type of EVENT_TYPES) {
    source.addEventListener(type, ({ data }: MessageEvent<string>) => receive(JSON.parse(data)));
  }
  return source;
}

/** Applies the events of the run so far to `view`. Rejects if the stream breaks before the newest one. */
export async function readHistory({ id, events }: RunDetail, view = createView(id)): Promise<RunView> {
  if (events <= view.lastId) return view;
  const { promise, resolve, reject } = Promise.withResolvers<RunView>();
  const source = openEvents(id, view.lastId, (event) => {
    apply(view, event);
    if (event.id >= events) resolve(view);
  });
  source.addEventListener("error", () => reject(new Error(`The events of run ${id} broke off`)));
  return await promise.finally(() => source.close());
}
