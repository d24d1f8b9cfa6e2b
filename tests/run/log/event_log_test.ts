import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NewEvent, RunEvent } from "../../../lib/base/events.ts";
import { EventLog, lastEvent, readEvents } from "../../../lib/run/log/event_log.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { PATIENCE_MS } from "../../patience.ts";

const note = (reason: string): NewEvent => ({ type: "stopping", reason });
const end: NewEvent = { type: "failed", error: "the end" };
const idsOf = (events: readonly RunEvent[]) => events.map(({ id }) => id);
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
/** Reads all events after `after`. A reader that misses the deadline returns a part, which no test expects. */
async function readAll(log: EventLog, after: number): Promise<number[]> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE_MS);
  try {
    return idsOf(await collect(log.read(after, late.signal)));
  } finally {
    clearTimeout(timer);
  }
}
/** Calls `use` with a log in a new directory, and closes it. */
const withLog = (use: (log: EventLog, path: string) => Promise<void>) =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "events.jsonl");
    const log = await EventLog.create(path);
    try {
      await use(log, path);
    } finally {
      await log.close();
    }
  });

Deno.test("append() numbers events from 1 without gaps, in memory and in the file", () =>
  withLog(async (log, path) => {
    assertEquals([log.append(note("a")).id, log.append(note("b")).id, log.count], [1, 2, 2]);
    await log.flush();
    const lines = (await readFile(path, "utf8")).split("\n");
    assertEquals(lines.length, 3);
    assertEquals(lines.slice(0, 2).map((line) => [JSON.parse(line).id, JSON.parse(line).reason]), [[1, "a"], [2, "b"]]);
    assertEquals(lines[2], "");
  }));

Deno.test("append() leaves no gap when it refuses an invalid event", () =>
  withLog(async (log) => {
    log.append(note("a"));
    const broken: NewEvent = { type: "epoch", epoch: 1, round: 1, step: 1, digest: "", seconds: NaN, ...metrics() };
    assertThrows(() => log.append(broken));
    assertEquals([log.append(end).id, log.count], [2, 2]);
    assertEquals(await readAll(log, 0), [1, 2]);
  }));

function metrics() {
  return { training: { loss: 1, accuracy: 0 }, heldOut: { loss: 1, accuracy: 0 } };
}

Deno.test("create() refuses an existing log", () =>
  withLog(async (_, path) => {
    await assertRejects(() => EventLog.create(path), Error, "EEXIST");
  }));

Deno.test("read() yields history, then live events, each once, from any position to the last", () =>
  withLog(async (log) => {
    for (const n of numbers(1, 10)) log.append(note(`${n}`));
    const positions = [0, 1, 9, 10, 11];
    const readers = positions.map((after) => readAll(log, after));
    for (const n of numbers(11, 30)) {
      log.append(note(`${n}`));
      if (n % 7 === 0) await log.flush(); // readers sometimes catch up and sometimes fall behind
    }
    log.append(end);
    assertEquals(await Promise.all(readers), positions.map((after) => numbers(after + 1, 31)));
  }));

Deno.test("read() reads events that are no longer in memory from the file, without gap or repeat", () =>
  withLog(async (log) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), PATIENCE_MS);
    const slow = log.read(0, late.signal);
    const first: number[] = [];
    // Several bursts, each written before the next, so that only the newest stay in memory.
    for (let burst = 0; burst < 6; burst++) {
      for (let i = 0; i < 1000; i++) log.append(note("x".repeat(40)));
      await log.flush();
      const next = await slow.next();
      if (!next.done) first.push(next.value.id);
    }
    // These include the positions around the oldest event in memory, which is 3978.
    const positions = [0, 1, 500, ...numbers(3970, 3985), 5990, 6000];
    const readers = positions.map((after) => readAll(log, after));
    const rest = collect(slow);
    for (let i = 0; i < 3000; i++) log.append(note("live"));
    log.append(end);
    assertEquals([...first, ...idsOf(await rest)], numbers(1, 9001));
    clearTimeout(timer);
    assertEquals(await Promise.all(readers), positions.map((after) => numbers(after + 1, 9001)));
  }));

Deno.test("read() ends when its signal aborts while it waits, and other readers continue", () =>
  withLog(async (log) => {
    log.append(note("a"));
    const leaving = new AbortController();
    const events = log.read(0, leaving.signal);
    assertEquals((await events.next()).done, false);
    const waiting = events.next();
    const other = readAll(log, 0);
    leaving.abort();
    assertEquals(await waiting, { done: true, value: undefined });
    log.append(end);
    assertEquals(await other, [1, 2]);
    assertEquals(await collect(log.read(0, leaving.signal)), []);
  }));

Deno.test("close() ends waiting readers after all appended events", () =>
  inTemporaryDirectory(async (directory) => {
    const log = await EventLog.create(join(directory, "events.jsonl"));
    const reader = readAll(log, 0);
    log.append(note("a"));
    log.append(note("b"));
    await log.close();
    assertEquals(await reader, [1, 2]);
    assertEquals(await readAll(log, 1), [2]);
    assertEquals(idsOf(await collect(readEvents(log.path, 0))), [1, 2]);
  }));

const line = (id: number) => `${JSON.stringify({ id, at: "2026-01-02T03:04:05Z", ...note(`${id}`) })}\n`;
const withFile = (text: string, use: (path: string) => Promise<void>) =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "events.jsonl");
    await writeFile(path, text);
    await use(path);
  });

Deno.test("readEvents() yields the events after a position", () =>
  withFile(line(1) + line(2) + line(3), async (path) => {
    for (const after of [0, 1, 3, 9]) {
      assertEquals(idsOf(await collect(readEvents(path, after))), numbers(after + 1, 3).filter((id) => id <= 3));
    }
  }));

Deno.test("readEvents() leaves out a truncated last line", async () => {
  for (let length = 1; length < line(3).length - 1; length += 9) {
    await withFile(line(1) + line(2) + line(3).slice(0, length), async (path) => {
      assertEquals(idsOf(await collect(readEvents(path, 0))), [1, 2]);
    });
  }
});

for (const [what, middle] of [["damaged", "{oops\n"], ["empty", "\n"], ["of another number", line(7)]] as const) {
  Deno.test(`readEvents() names file and line of a middle line that is ${what}`, () =>
    withFile(line(1) + middle + line(3), async (path) => {
      const seen: number[] = [];
      const reading = async () => {
        for await (const event of readEvents(path, 0)) seen.push(event.id);
      };
      await assertRejects(reading, RangeError, `Cannot read "${path}": line 2 is not event 2`);
      assertEquals(seen, [1]);
    }));
}

Deno.test("readEvents() fails without a file", () =>
  inTemporaryDirectory(async (directory) => {
    await assertRejects(() => collect(readEvents(join(directory, "none.jsonl"), 0)), Error, "ENOENT");
  }));

Deno.test("lastEvent() is the last whole event, in short and in long logs", async () => {
  const long = numbers(1, 2000).map(line).join("");
  assert(long.length > 2 * 65_536);
  const cases: [text: string, id: number | undefined][] = [
    ["", undefined],
    ["{oops\n", undefined],
    [line(1), 1],
    [line(1) + line(2).slice(0, 20), 1],
    [long, 2000],
    [long + line(2001).slice(0, -5), 2000],
  ];
  for (const [text, id] of cases) await withFile(text, async (path) => assertEquals((await lastEvent(path))?.id, id));
});
