/** Reads events from the file of a log: all of them, or a sample that shows the same course of training. */
import type { RunEvent } from "../../base/events.ts";
import { Kind, type LogIndex } from "./log_index.ts";

/** Limits the events that are read and yielded together. */
export const BATCH = 128;

/** A history of more events than these is sampled, unless the reader asks for all. */
const SAMPLE_ABOVE = 5000;

/** Limits the events of each kind in a sample, which are evenly spaced and include the newest. */
const SAMPLE: Readonly<Record<Kind, number>> = {
  [Kind.other]: Infinity,
  [Kind.progress]: 2000,
  [Kind.epoch]: 2000,
  [Kind.checkpoint]: 500,
};

/** Limits the events of each kind for a reader that could not keep up. */
const NEWEST_PROGRESS: Readonly<Record<Kind, number>> = {
  [Kind.other]: Infinity,
  [Kind.progress]: 1,
  [Kind.epoch]: Infinity,
  [Kind.checkpoint]: Infinity,
};

/** `sample`: a sample of a long history. `newestProgress`: only the newest progress event, and all other events. */
export type Selection = "all" | "sample" | "newestProgress";

/** Yields the events of the file after id `after`, in order and in batches. The caller has refreshed `index`. */
export async function* history(
  index: LogIndex,
  after: number,
  selection: Selection,
): AsyncGenerator<readonly RunEvent[], void, void> {
  const last = index.count;
  const limits = selection === "newestProgress"
    ? NEWEST_PROGRESS
    : selection === "sample" && last - after > SAMPLE_ABOVE
    ? SAMPLE
    : undefined;
  const chosen = limits && choose(index, after, last, limits);
  const count = chosen ? chosen.length : last - after;
  for (let first = 0; first < count; first += BATCH) {
    const size = Math.min(BATCH, count - first);
    const ids = chosen?.slice(first, first + size) ??
      Array.from({ length: size }, (_, place) => after + 1 + first + place);
    yield await index.read(ids);
  }
}

/** Chooses ids above `after` and up to `last`: of each kind at most its limit, evenly spaced from the newest. */
function choose(index: LogIndex, after: number, last: number, limits: Readonly<Record<Kind, number>>): number[] {
  const counts = [0, 0, 0, 0];
  for (let id = after + 1; id <= last; id++) counts[index.kind(id)]! += 1;
  const strides = Object.values(Kind).map((kind) => Math.max(1, Math.ceil(counts[kind]! / limits[kind])));
  const ids: number[] = [];
  for (let id = after + 1; id <= last; id++) {
    const kind = index.kind(id);
    counts[kind]! -= 1;
    if (counts[kind]! % strides[kind]! === 0) ids.push(id);
  }
  return ids;
}
