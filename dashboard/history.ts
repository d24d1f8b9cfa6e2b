/// <reference lib="dom" />
/** What the events of a run come to so far, read once from its stream. */
import type { RunEvent } from "../lib/events.ts";
import type { RunDetail } from "../lib/run/types.ts";
import { apply, createView, EVENT_TYPES, type RunView } from "./state.ts";

/** Between two events; a server that hangs must not hang what waits for its history. */
const SILENCE_MS = 15_000;

/** Reads the stream of `run` up to the newest event that it had. Rejects when the stream breaks before. */
export function readHistory({ id, events }: RunDetail, signal: AbortSignal): Promise<RunView> {
  const view = createView(id);
  if (events === 0) return Promise.resolve(view);
  const { promise, resolve, reject } = Promise.withResolvers<RunView>();
  const source = new EventSource(`/runs/${encodeURIComponent(id)}/events`);
  const broken = () => reject(new Error(`The events of run ${id} broke off`));
  let timer = setTimeout(broken, SILENCE_MS);
  source.addEventListener("error", broken);
  signal.addEventListener("abort", broken);
  for (const type of EVENT_TYPES) {
    source.addEventListener(type, (message: MessageEvent<string>) => {
      const event: RunEvent = JSON.parse(message.data);
      apply(view, event);
      clearTimeout(timer);
      timer = setTimeout(broken, SILENCE_MS);
      if (event.id >= events) resolve(view);
    });
  }
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", broken);
    source.close();
  });
}
