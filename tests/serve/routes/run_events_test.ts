import { assertEquals } from "@std/assert";
import { sseFrame } from "../../../lib/serve/http/sse.ts";
import { createApp } from "../../../lib/serve/app.ts";
import { checkpoint, failed, fakeApp, FakeRun, fakeRuns, fakeServices } from "../fakes.ts";
import { allFrames, frames, ids, type ProblemBody, soon, take } from "../http/reading.ts";

const complete = [checkpoint(1), checkpoint(2), checkpoint(3), failed];

Deno.test("GET /events sends the current run's events as exact frames", async () => {
  const { app, run } = fakeApp({ events: complete });
  const response = await app.request("/events");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("Content-Type"), "text/event-stream");
  assertEquals(response.headers.get("Cache-Control"), "no-store");
  assertEquals(response.headers.get("X-Accel-Buffering"), "no");
  assertEquals(response.headers.get("ETag"), null);
  assertEquals(await soon(response.text(), "the end"), "retry: 1000\n\n" + run.events.map(sseFrame).join(""));
});

Deno.test("GET /events continues after any event without gap or repeat, while the log grows", async () => {
  for (let cut = 0; cut <= 6; cut++) {
    for (const more of [0, 1, 2]) {
      const { app, run } = fakeApp({ events: complete.slice(0, 3) });
      const first = await app.request("/events");
      const source = frames(first.body);
      const before = await take(source, 1 + Math.min(cut, 3));
      if (cut > 3) run.append(...[4, 5, 6].map(checkpoint));
      before.push(...await take(source, Math.max(0, cut - 3)));
      await source.return(undefined);
      run.append(...[7, 8].slice(0, more).map(checkpoint));

      const second = await app.request("/events", { headers: { "Last-Event-ID": String(cut) } });
      run.append(checkpoint(9), failed);
      const after = await allFrames(second);
      assertEquals(ids([...before, ...after]), run.events.map(({ id }) => id), `cut after ${cut}, ${more} meanwhile`);
      await soon(run.quiet(), "the readers' end");
    }
  }
});

Deno.test("GET /runs/:id/events reads the last id from the header, then from the query", async () => {
  const { app } = fakeApp({ events: complete });
  assertEquals(ids(await allFrames(await app.request("/runs/r1/events?lastEventId=2"))), [3, 4]);
  const headers = { "Last-Event-ID": "3" };
  assertEquals(ids(await allFrames(await app.request("/runs/r1/events?lastEventId=2", { headers }))), [4]);
  assertEquals(ids(await allFrames(await app.request("/runs/r1/events?lastEventId="))), [1, 2, 3, 4]);
});

Deno.test("GET /events starts over when the last id is of another log", async () => {
  const { app } = fakeApp({ events: complete });
  assertEquals(ids(await allFrames(await app.request("/events?lastEventId=5"))), [1, 2, 3, 4]);
});

Deno.test("GET /events answers 204 if the run is over and the client has all events", async () => {
  const headers = { "Last-Event-ID": "4" };
  const { app, run } = fakeApp({ events: complete });
  const response = await app.request("/events", { headers });
  assertEquals([response.status, response.body], [204, null]);
  run.state = "interrupted";
  assertEquals((await app.request("/events", { headers })).status, 204);
  run.state = "running";
  const live = await app.request("/events", { headers });
  assertEquals(live.status, 200);
  await live.body?.cancel();
});

Deno.test("GET /events refuses a last id that is not a whole number", async () => {
  const { app } = fakeApp({ events: complete });
  for (const id of ["-1", "1.5", "abc", "0x1", "1e3", "1 2", "9".repeat(400)]) {
    const response = await app.request("/events", { headers: { "Last-Event-ID": id } });
    assertEquals(response.status, 400, id);
    const { errors }: ProblemBody = await response.json();
    assertEquals(errors[0]?.field, "Last-Event-ID");
  }
  const { detail }: ProblemBody = await (await app.request("/events?lastEventId=x")).json();
  assertEquals(detail, 'lastEventId is "x": expected a whole number, the id of the last event received');
});

Deno.test("HEAD /events answers without opening the events", async () => {
  const { app, run } = fakeApp({ events: complete });
  const response = await app.request("/events", { method: "HEAD" });
  assertEquals([response.status, response.headers.get("Content-Type"), response.body], [
    200,
    "text/event-stream",
    null,
  ]);
  assertEquals(run.pulled, 0);
});

Deno.test("GET /runs/:id/events refuses a missing run", async () => {
  const { app } = fakeApp();
  const response = await app.request("/runs/r9/events");
  assertEquals(response.status, 404);
  const { errors }: ProblemBody = await response.json();
  assertEquals(errors, [{ field: "id", message: 'No run "r9": GET /runs lists all' }]);
});

Deno.test("GET /events ends when the app shuts down", async () => {
  const shutdown = new AbortController();
  const { app, run } = fakeApp({ events: [checkpoint(1)], shutdown: shutdown.signal });
  const source = frames((await app.request("/events")).body);
  await take(source, 2);
  shutdown.abort();
  assertEquals((await soon(source.next(), "the end")).done, true);
  await soon(run.quiet(), "the reader's end");
});

Deno.test("GET /runs/:id/events reads the whole history only with all=1", async () => {
  const asked: boolean[] = [];
  const run = new FakeRun("r1");
  run.append(...complete);
  const { runs, ...services } = fakeServices(fakeRuns([run]));
  const events: typeof runs.events = (id, after, signal, whole) => {
    asked.push(whole);
    return runs.events(id, after, signal, whole);
  };
  const app = createApp({ ...services, runs: { ...runs, events } });
  for (const query of ["", "?all=0", "?all=1"]) await allFrames(await app.request(`/runs/r1/events${query}`));
  assertEquals(asked, [false, false, true]);
  const response = await app.request("/runs/r1/events?all=yes");
  const { detail }: ProblemBody = await response.json();
  assertEquals([response.status, detail], [400, 'all is "yes": expected 1 for every event of the run, or 0']);
});
