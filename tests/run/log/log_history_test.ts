import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { appendFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NewEvent, RunEvent } from "../../../lib/base/events.ts";
import { EventLog, readEvents } from "../../../lib/run/log/event_log.ts";
import { history, type Selection } from "../../../lib/run/log/log_history.ts";
import { LogIndex } from "../../../lib/run/log/log_index.ts";
import { soon } from "../../serve/http/reading.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const at = "2026-01-02T03:04:05Z";
const metrics = { loss: 0.5, accuracy: 0.5 };

/** Makes an event of a long run: an epoch every 10 events, a checkpoint every 100, an incident every 1000, else progress. */
function event(id: number): NewEvent {
  const place = { round: id, step: id, epoch: 1 };
  if (id % 1000 === 0) return { type: "incident", message: "é".repeat(id % 7) };
  if (id % 100 === 0) return { type: "checkpoint", round: id, step: id, digest: "d", file: "f" };
  if (id % 10 === 0) return { type: "epoch", ...place, digest: "d", training: metrics, heldOut: metrics, seconds: id };
  if (id % 2003 === 0) return { type: "paused" };
  return { type: "progress", ...place, training: metrics, sequencesPerSecond: 1, drift: null, workers: [] };
}

const line = (id: number) => `${JSON.stringify({ id, at, ...event(id) })}\n`;
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i)).join("");
const isMinor = (id: number) => ["progress", "epoch", "checkpoint"].includes(event(id).type);

async function read(index: LogIndex, after: number, selection: Selection): Promise<RunEvent[]> {
  await index.refresh();
  return (await Array.fromAsync(history(index, after, selection))).flat();
}

const withLog = (count: number, use: (index: LogIndex, path: string) => Promise<void>) =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "events.jsonl");
    await writeFile(path, lines(1, count));
    await use(new LogIndex(path), path);
  });

Deno.test("history() yields every event after any position, as readEvents() does", () =>
  withLog(700, async (index, path) => {
    const all = await Array.fromAsync(readEvents(path, 0));
    assertEquals(all.length, 700);
    for (const after of [0, 1, 127, 128, 129, 699, 700, 900]) {
      for (const selection of ["all", "sample"] as const) {
        assertEquals(await read(index, after, selection), all.slice(after));
      }
    }
  }));

Deno.test("history() samples a long log evenly, and keeps the newest of each kind and all rare events", () =>
  withLog(30_000, async (index) => {
    const events = await read(index, 0, "sample");
    const ids = events.map(({ id }) => id);
    assertLessOrEqual(ids.length, 5000);
    assertEquals(ids, ids.toSorted((a, b) => a - b));
    const kept = new Set(ids);
    for (let id = 1; id <= 30_000; id++) assert(kept.has(id) || isMinor(id), `event ${id} is missing`);
    for (const id of [29_999, 29_990, 29_900, 30_000]) assert(kept.has(id), `the newest, ${id}, is missing`);
    const progress = events.filter(({ type }) => type === "progress").map(({ id }) => id);
    assert(progress.length > 1000 && progress.length <= 2000, `${progress.length} are left`);
    const gaps = progress.slice(1).map((id, index) => id - progress[index]!);
    assertLessOrEqual(Math.max(...gaps), 3 * Math.min(...gaps));
    const short = await read(index, 26_000, "sample");
    assertEquals(short.length, 4000);
  }));

Deno.test("history() yields a late reader only the newest progress, and all other events", () =>
  withLog(3000, async (index) => {
    const ids = (await read(index, 500, "newestProgress")).map(({ id }) => id);
    const expected = Array.from({ length: 2500 }, (_, i) => 501 + i)
      .filter((id) => id === 2999 || event(id).type !== "progress");
    assertEquals(ids, expected);
  }));

Deno.test("LogIndex continues at its last scan, omits a partial line, and restarts with another file", () =>
  withLog(10, async (index, path) => {
    const ids = async () => (await read(index, 8, "all")).map(({ id }) => id);
    assertEquals(await ids(), [9, 10]);
    await appendFile(path, line(11) + line(12).slice(0, 9));
    assertEquals(await ids(), [9, 10, 11]);
    await appendFile(path, line(12).slice(9));
    assertEquals(await ids(), [9, 10, 11, 12]);
    await truncate(path, lines(1, 9).length);
    assertEquals(await ids(), [9]);
  }));

Deno.test("LogIndex reads lines that are longer than its chunks", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "events.jsonl");
    const long = { id: 2, at, type: "incident", message: "x".repeat(5 << 20) };
    await writeFile(path, line(1) + `${JSON.stringify(long)}\n` + line(3));
    const events = await read(new LogIndex(path), 0, "all");
    assertEquals(events.map(({ id }) => id), [1, 2, 3]);
    assertEquals(events[1]?.type === "incident" && events[1].message.length, 5 << 20);
  }));

Deno.test("history() names file and line of an invalid event", () =>
  withLog(3, async (index, path) => {
    await writeFile(path, line(1) + "{oops\n" + line(3));
    await assertRejects(() => read(index, 0, "all"), RangeError, `Cannot read "${path}": line 2 is not event 2`);
    await writeFile(path, line(1) + line(3));
    await assertRejects(() => read(new LogIndex(path), 0, "all"), RangeError, "line 2 is not event 2");
  }));

Deno.test("batches() skips only progress for a reader that cannot keep up, in memory and in the file", () =>
  inTemporaryDirectory(async (directory) => {
    const log = await EventLog.create(join(directory, "events.jsonl"));
    try {
      for (const burst of [300, 6000]) {
        const before = log.count;
        const reader = log.batches(before, new AbortController().signal);
        const whole = log.batches(before, new AbortController().signal, true);
        const first = [reader.next(), whole.next()];
        log.append(event(before + 1));
        for (const batch of await Promise.all(first)) assertEquals(batch.value?.map(({ id }) => id), [before + 1]);
        // Both have all events and wait, before the log gets more events than a reader may be behind.
        const next = [reader.next(), whole.next()];
        log.append(event(before + 2));
        await Promise.all(next);
        for (let id = before + 3; id <= before + burst; id++) {
          log.append(event(id));
          // Only events that are in the file may leave memory.
          if (id % 1000 === 0) await log.flush();
        }
        await log.flush();
        const rest = async (source: typeof reader) => {
          const ids: number[] = [];
          while (ids.at(-1) !== before + burst) {
            ids.push(...(await soon(source.next(), "the rest")).value!.map(({ id }) => id));
          }
          await source.return();
          return ids;
        };
        const all = Array.from({ length: burst - 2 }, (_, i) => before + 3 + i);
        assertEquals(await rest(whole), all);
        const newest = all.findLast((id) => event(id).type === "progress");
        assertEquals(await rest(reader), all.filter((id) => id === newest || event(id).type !== "progress"));
      }
    } finally {
      await log.close();
    }
  }));

Deno.test("history() samples only progress, epochs and checkpoints, by their whole type", () =>
  inTemporaryDirectory(async (directory) => {
    const member = { workers: 1, round: 1, inStep: true, bytesUp: 0, bytesDown: 0, compute: 0, wait: 0, incidents: 0 };
    const members = [{ ...member, member: "a", incident: "" }];
    const cluster: NewEvent = { type: "cluster", name: "n", member: "a", leader: "a", round: 1, members };
    const baseline: NewEvent = { type: "baseline", validation: metrics, seconds: 1 };
    const path = join(directory, "events.jsonl");
    const kinds: NewEvent[] = [event(1), cluster, event(100), event(10), baseline, { type: "paused" }];
    const lines = Array.from({ length: 12_000 }, (_, i) => JSON.stringify({ id: i + 1, at, ...kinds[i % 6]! }));
    await writeFile(path, `${lines.join("\n")}\n`);
    const types = (await read(new LogIndex(path), 0, "sample")).map(({ type }) => type);
    const counts = ["cluster", "baseline", "paused", "progress", "epoch", "checkpoint"]
      .map((wanted) => types.filter((type) => type === wanted).length);
    assertEquals(counts, [2000, 2000, 2000, 2000, 2000, 500]);
  }));
