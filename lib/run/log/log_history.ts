/** Events that are in the file of a log: all of them, or as many as tell the same story. */
import type { RunEvent } from "../../base/events.ts";
import { Kind, type LogIndex } from "./log_index.ts";

/** Events that are read and handed on together. */
export const BATCH = 128;

/** A history of more events than these is thinned, for whoever has not asked for all. */
export const THIN_ABOVE = 5000;

/** How many of each kind are left of a long history, evenly spread and with the newest; all others stay. */
const SHARE: Readonly<Record<Kind, number>> = {
  [Kind.other]: Infinity,
  [Kind.progress]: 2000,
  [Kind.epoch]: 2000,
  [Kind.checkpoint]: 500,
};

/** What is left for a client that could not keep up: the newest progress, and everything else. */
const BEHIND: Readonly<Record<Kind, number>> = {
  [Kind.other]: Infinity,
  [Kind.progress]: 1,
  [Kind.epoch]: Infinity,
  [Kind.checkpoint]: Infinity,
};

/** `whole`: every event. `thinned`: of a long history, a sample. `behind`: of progress, the newest. */
export type Telling = "whole" | "thinned" | "behind";

/** The events after id `after` that the file has now, in batches and in order. `index` was refreshed. */
export async function* history(
  index: LogIndex,
  after: number,
  telling: Telling,
): AsyncGenerator<readonly RunEvent[], void, void> {
  const last = index.count;
  const thins = telling === "behind" || (telling === "thinned" && last - after > THIN_ABOVE);
  const chosen = thins ? choose(index, after, last, telling === "behind" ? BEHIND : SHARE) : undefined;
  const count = chosen ? chosen.length : last - after;
  for (let first = 0; first < count; first += BATCH) {
    const size = Math.min(BATCH, count - first);
    const ids = chosen?.slice(first, first + size) ??
      Array.from({ length: size }, (_, place) => after + 1 + first + place);
    yield await index.read(ids);
  }
}

/** Ids above `after` and up to `last`: of each kind at most its share, every so many of them counted from the newest. */
function choose(index: LogIndex, after: number, last: number, share: Readonly<Record<Kind, number>>): number[] {
  const counts = [0, 0, 0, 0];
  for (let id = after + 1; id <= last; id++) counts[index.kind(id)]! += 1;
  const strides = Object.values(Kind).map((kind) => Math.max(1, Math.ceil(counts[kind]! / share[kind])));
  const ids: number[] = [];
  for (let id = after + 1; id <= last; id++) {
    const kind = index.kind(id);
    counts[kind]! -= 1;
    if (counts[kind]! % strides[kind]! === 0) ids.push(id);
  }
  return ids;
}
