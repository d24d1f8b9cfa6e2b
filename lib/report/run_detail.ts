/** Applies what the server knows about a run and the run's events do not contain, or not yet. */
import type { RunDetail } from "../run/types.ts";
import { showEnd } from "./run_events.ts";
import type { RunView } from "./run_view.ts";

/** Applies `detail` to the view of its run. */
export function applyDetail(
  view: RunView,
  { state, place, error, name, startedAt, config, events, summary }: RunDetail,
): void {
  view.name = name;
  view.place = place;
  view.config = config;
  // The results of a run that has ended are known before its events are read.
  view.end = summary ? { events, summary } : undefined;
  if (summary && view.lastId < events) showEnd(view, summary);
  view.isInterrupted = state === "interrupted";
  if (view.isInterrupted) view.phase = "interrupted";
  else if (view.phase === "interrupted") view.phase = "running";
  if (view.lastId > 0) return;
  if (state === "queued") view.phase = "queued";
  else if (view.phase === "queued") view.phase = "waiting";
  if (error === undefined) return;
  view.phase = "failed";
  view.notes = [{ id: 0, kind: "failed", seconds: 0, at: startedAt, text: `Could not start: ${error}` }];
}
