/// <reference lib="dom" />
/** Reads the events of a run so far from its stream. */
import type { RunEvent } from "../../lib/base/events.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { apply, EVENT_TYPES } from "../../lib/report/run_events.ts";
import { createView, type RunView } from "../../lib/report/run_view.ts";

/** Most time between two events, so that a server that hangs does not block the charts. */
const SILENCE_MS = 15_000;

/** Applies all events of the run to `view`. Rejects if the stream breaks before the newest one. */
export function readHistory({ id, events }: RunDetail, view = createView(id)): Promise<RunView> {
  if (events <= view.lastId) return Promise.resolve(view);
  const { promise, resolve, reject } = Promise.withResolvers<RunView>();
  const source = new EventSource(`runs/${encodeURIComponent(id)}/events?lastEventId=${view.lastId}`);
  const broken = () => reject(new Error(`The events of run ${id} broke off`));
  let timer = setTimeout(broken, SILENCE_MS);
  source.addEventListener("error", broken);
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
    source.close();
  });
}
