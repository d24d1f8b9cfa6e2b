/// <reference lib="dom" />
/** Reads the events of a run so far from its stream. */
import { apply } from "../../lib/report/run_events.ts";
import { createView, type RunView } from "../../lib/report/run_view.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { openEvents } from "../connection.ts";

/** Most time between two events, so that a server that hangs does not block the charts. */
const SILENCE_MS = 15_000;

/** Applies all events of the run to `view`. Rejects if the stream breaks before the newest one. */
export async function readHistory({ id, events }: RunDetail, view = createView(id)): Promise<RunView> {
  if (events <= view.lastId) return view;
  const { promise, resolve, reject } = Promise.withResolvers<RunView>();
  const broken = () => reject(new Error(`The events of run ${id} broke off`));
  let timer = setTimeout(broken, SILENCE_MS);
  const source = openEvents(id, view.lastId, (event) => {
    apply(view, event);
    clearTimeout(timer);
    timer = setTimeout(broken, SILENCE_MS);
    if (event.id >= events) resolve(view);
  });
  source.addEventListener("error", broken);
  return await promise.finally(() => {
    clearTimeout(timer);
    source.close();
  });
}
