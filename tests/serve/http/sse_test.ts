import { assertEquals } from "@std/assert";
import type { RunEvent } from "../../../lib/base/events.ts";
import { sseFrame, type SseOptions, sseStream } from "../../../lib/serve/http/sse.ts";
import { checkpoint, failed, FakeRun } from "../fakes.ts";
import { frames, soon, take } from "./reading.ts";

const never = new AbortController().signal;

function options(changes: Partial<SseOptions> = {}): SseOptions {
  return {
    heartbeatMs: 60_000,
    stallMs: 60_000,
    shutdown: never,
    onError: (error) => {
      throw error;
    },
    ...changes,
  };
}

function logOf(...rounds: number[]): FakeRun {
  const run = new FakeRun("r1");
  run.append(...rounds.map(checkpoint));
  return run;
}

const follow = (run: FakeRun) => (signal: AbortSignal) => run.follow(0, signal);

Deno.test("sseFrame() gives the three lines of an event", () => {
  const event: RunEvent = { id: 3, at: "2026-01-02T03:04:05.000Z", type: "failed", error: "two\nlines" };
  assertEquals(
    sseFrame(event),
    "id: 3\nevent: failed\n" +
      'data: {"id":3,"at":"2026-01-02T03:04:05.000Z","type":"failed","error":"two\\nlines"}\n\n',
  );
});

Deno.test("sseStream() sends retry, history and new events, and ends with the events", async () => {
  const run = logOf(1);
  const source = frames(sseStream(follow(run), options()));
  assertEquals(await take(source, 2), ["retry: 1000", sseFrame(run.events[0]!).trim()]);
  run.append(checkpoint(2));
  run.append(failed);
  assertEquals(await take(source, 2), run.events.slice(1).map((event) => sseFrame(event).trim()));
  assertEquals((await soon(source.next(), "the end")).done, true);
  assertEquals(run.readers, 0);
});

Deno.test("sseStream() opens nothing before it is read", () => {
  sseStream(() => {
    throw new Error("opened");
  }, options());
});

Deno.test("sseStream() reads no event before its reader wants it", async () => {
  const run = logOf(...Array(1000).keys());
  const reader = sseStream(follow(run), options()).getReader();
  for (let read = 0; read < 6; read++) await reader.read();
  // The first of the six was `retry`.
  assertEquals(run.pulled, 5);
  await reader.cancel();
  await soon(run.quiet(), "the reader's end");
});

Deno.test("sseStream() encodes shared events once, and sends each stream only its own", async () => {
  const { events } = logOf(1, 2, 3);
  // Like the batch of a reader that was behind: the first and the last event are the same, those between differ.
  const given = [events, events, [events[0]!, events[2]!], events.slice(1), events];
  const sent: Uint8Array[] = [];
  for (const batch of given) {
    const reader = sseStream(async function* () {
      yield await Promise.resolve(batch);
    }, options()).getReader();
    await reader.read();
    const { value } = await soon(reader.read(), "the events");
    sent.push(value!);
    await reader.cancel();
    assertEquals(new TextDecoder().decode(value), batch.map(sseFrame).join(""));
  }
  assertEquals(sent[0] === sent[1], true);
});

Deno.test("sseStream() sends comments during silence, and loses no event", async () => {
  const run = logOf(1);
  const source = frames(sseStream(follow(run), options({ heartbeatMs: 1 })));
  const comment = ": heartbeat";
  assertEquals((await take(source, 5)).slice(2), [comment, comment, comment]);
  run.append(checkpoint(2), failed);
  const rest = await soon(Array.fromAsync({ [Symbol.asyncIterator]: () => source }), "the end");
  assertEquals(rest.filter((frame) => frame !== comment), run.events.slice(1).map((event) => sseFrame(event).trim()));
});

Deno.test("sseStream() aborts the signal and returns the iterator when a waiting reader leaves", async () => {
  const run = logOf(1);
  let given: AbortSignal | undefined;
  const stream = sseStream((signal) => run.follow(0, given = signal), options());
  const reader = stream.getReader();
  await reader.read();
  await reader.read();
  const waiting = reader.read();
  assertEquals(run.readers, 1);
  await reader.cancel();
  assertEquals(given?.aborted, true);
  await soon(run.quiet(), "the reader's end");
  assertEquals((await waiting).done, true);
});

Deno.test("sseStream() ends on shutdown, read or not", async () => {
  const shutdown = new AbortController();
  const run = logOf(1, 2, 3);
  const waiting = frames(sseStream(follow(run), options({ shutdown: shutdown.signal })));
  await take(waiting, 4);
  const waited = waiting.next();
  const unread = frames(sseStream(follow(run), options({ shutdown: shutdown.signal })));
  await take(unread, 2);
  shutdown.abort();
  assertEquals((await soon(waited, "the end")).done, true);
  assertEquals((await soon(unread.next(), "the end")).done, true);
  const late = frames(sseStream(follow(run), options({ shutdown: shutdown.signal })));
  assertEquals(await soon(Array.fromAsync(late), "the end"), ["retry: 1000"]);
  await soon(run.quiet(), "the readers' end");
});

Deno.test("sseStream() reports a failure of the events and ends", async () => {
  const errors: unknown[] = [];
  const broken = new Error("the run is gone");
  const source = frames(sseStream(
    // deno-lint-ignore require-yield
    async function* () {
      throw await Promise.resolve(broken);
    },
    options({ onError: (error) => errors.push(error) }),
  ));
  assertEquals(await soon(Array.fromAsync(source), "the end"), ["retry: 1000"]);
  assertEquals(errors, [broken]);
});

Deno.test("sseStream() does not report that its own abort ended the events", async () => {
  const reader = sseStream(
    // deno-lint-ignore require-yield
    async function* (signal) {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason));
      await promise;
    },
    options(),
  ).getReader();
  await reader.read();
  const waiting = reader.read();
  await reader.cancel();
  assertEquals((await soon(waiting, "the end")).done, true);
});
