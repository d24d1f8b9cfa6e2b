import { assertEquals } from "@std/assert";
import { fakeApp, FakeRun, fakeRuns, fakeServices } from "../fakes.ts";
import { createApp } from "../../../lib/serve/app.ts";
import type { RunQuery } from "../../../lib/run/types.ts";
import type { ProblemBody } from "../http/reading.ts";

const post = (body: string) => ({ method: "POST", body });

Deno.test("POST /runs answers 202 with the run, its place and its location", async () => {
  const { app } = fakeApp();
  const response = await app.request("/runs", post('{"seed": 7, "epochs": 2}'));
  assertEquals([response.status, response.headers.get("Location")], [202, "runs/asked-1"]);
  const { state, place, config } = await response.json();
  assertEquals([state, place, config], ["queued", 1, { seed: 7, epochs: 2 }]);
});

Deno.test("POST /runs refuses a wrong body, a full queue, and a process that only serves", async () => {
  const { app, runs } = fakeApp();
  for (const body of ["[]", "7", "null", '"x"', "", "{"]) {
    assertEquals((await app.request("/runs", post(body))).status, 400, body);
  }
  runs.admission = "full";
  const full = await app.request("/runs", post("{}"));
  assertEquals([full.status, full.headers.get("Retry-After")], [503, "60"]);
  runs.admission = "never";
  assertEquals((await app.request("/runs", post("{}"))).status, 409);
});

Deno.test("PATCH /runs/:id changes name, note and tags, and names each wrong value", async () => {
  const { app, runs } = fakeApp();
  const patch = async (body: unknown, id = "r0") => {
    const response = await app.request(`/runs/${id}`, { method: "PATCH", body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const { body: { id, name, tags } } = await patch({ name: "größer", tags: ["a b", "c"] });
  assertEquals([id, name, tags], ["r0", "größer", ["a b", "c"]]);
  assertEquals((await patch({ note: "line\nline", name: "" })).body.name, undefined);
  assertEquals((await patch({}, "gone")).status, 404);
  const wrong: [body: unknown, message: string][] = [
    [{ name: "x".repeat(101) }, `name is "${"x".repeat(58)}…: expected at most 100`],
    [{ name: "a\nb" }, 'name is "a\\nb": expected one line of text'],
    [{ name: "a\u202eb" }, 'name is "a\u202eb": expected one line of text'],
    [{ tags: ["ok", "a,b"] }, 'tags[1] is "a,b": expected a tag without a comma'],
    [{ tags: "a" }, 'tags is "a": expected an array'],
    [{ id: "r1" }, 'the body is {"id":"r1"}: expected name, note and tags'],
    [[], "the body is []: expected an object"],
  ];
  for (const [body, message] of wrong) {
    const { status, body: { errors } } = await patch(body);
    assertEquals([status, errors[0].message], [400, message]);
  }
  const many = await patch({ tags: new Array(10_000).fill(7) });
  assertEquals([many.status, many.body.errors.length], [400, 1]);
  runs.removal = "kept";
  assertEquals((await patch({ name: "x" })).status, 409);
});

Deno.test("DELETE /runs/:id reports removed, busy and kept runs", async () => {
  const { app, runs } = fakeApp();
  const remove = async (id: string) => (await app.request(`/runs/${id}`, { method: "DELETE" })).status;
  const details: string[] = [];
  for (const removal of ["busy", "kept"] as const) {
    runs.removal = removal;
    const response = await app.request("/runs/r0", { method: "DELETE" });
    const { detail }: ProblemBody = await response.json();
    details.push(`${response.status} ${detail}`);
  }
  assertEquals(details, [
    "409 run r0 is being trained or served: expected one that is neither",
    "409 run r0 cannot be removed: this process may not write to the directory of runs",
  ]);
  runs.removal = "removed";
  assertEquals([await remove("r0"), await remove("r0")], [204, 404]);
});

Deno.test("GET /runs pages, filters, and names the errors of its query", async () => {
  const asked: (RunQuery | undefined)[] = [];
  const services = fakeServices(fakeRuns([new FakeRun("r1"), new FakeRun("r0")]));
  const list: typeof services.runs.list = (query) => {
    asked.push(query);
    return services.runs.list(query);
  };
  const app = createApp({ ...services, runs: { ...services.runs, list } });
  const first = await (await app.request("/runs?limit=1")).json();
  assertEquals([first.runs.map(({ id }: { id: string }) => id), first.next], [["r1"], "r1"]);
  assertEquals([first.current, first.trains], ["r1", true]);
  const all = await (await app.request("/runs?state=running&after=r5&text=r&tag=t")).json();
  assertEquals([all.runs.length, all.next], [2, null]);
  assertEquals(asked, [{ limit: 2 }, { limit: 1001, state: "running", after: "r5", text: "r", tag: "t" }]);
  for (const query of ["limit=0", "limit=1001", "limit=x", "state=gone", "after=..", `text=${"x".repeat(201)}`]) {
    const response = await app.request(`/runs?${query}`);
    const { errors }: ProblemBody = await response.json();
    assertEquals([response.status, errors[0]?.field], [400, query.split("=")[0]]);
  }
});
