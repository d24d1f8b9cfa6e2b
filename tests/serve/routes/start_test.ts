import { assertEquals } from "@std/assert";
import { fakeApp, fakeServices, Log } from "../fakes.ts";
import { createApp } from "../../../lib/serve/app.ts";
import type { RunQuery } from "../../../lib/run/types.ts";
import type { ProblemBody } from "../http/reading.ts";

const post = (body: string) => ({ method: "POST", body });

Deno.test("POST /runs answers 202 with the run and its place, and where it will be", async () => {
  const { app } = fakeApp();
  const response = await app.request("/runs", post('{"seed": 7, "epochs": 2}'));
  assertEquals([response.status, response.headers.get("Location")], [202, "runs/r2"]);
  const { state, place, config } = await response.json();
  assertEquals([state, place, config], ["queued", 1, { seed: 7, epochs: 2 }]);
});

Deno.test("POST /runs refuses what is no object, and says when there is no room or nobody trains", async () => {
  const { app, log } = fakeApp();
  for (const body of ["[]", "7", "null", '"x"', "", "{"]) {
    assertEquals((await app.request("/runs", post(body))).status, 400, body);
  }
  log.admission = "full";
  const full = await app.request("/runs", post("{}"));
  assertEquals([full.status, full.headers.get("Retry-After")], [503, "60"]);
  log.admission = "never";
  assertEquals((await app.request("/runs", post("{}"))).status, 409);
});

Deno.test("DELETE /runs/:id says what became of the run", async () => {
  const { app, log } = fakeApp();
  const remove = async (id: string) => (await app.request(`/runs/${id}`, { method: "DELETE" })).status;
  assertEquals([await remove("r0"), await remove("r9")], [204, 404]);
  const details: string[] = [];
  for (const removal of ["busy", "kept"] as const) {
    log.removal = removal;
    const response = await app.request("/runs/r0", { method: "DELETE" });
    const { detail }: ProblemBody = await response.json();
    details.push(`${response.status} ${detail}`);
  }
  assertEquals(details, [
    "409 run r0 is being trained or served: expected one that is not",
    "409 run r0 stays: this process may not write to the directory of runs",
  ]);
});

Deno.test("GET /runs pages, filters, and names what is wrong with its query", async () => {
  const asked: (RunQuery | undefined)[] = [];
  const services = fakeServices(new Log());
  const list: typeof services.runs.list = (query) => {
    asked.push(query);
    return services.runs.list(query);
  };
  const app = createApp({ ...services, runs: { ...services.runs, list } });
  const first = await (await app.request("/runs?limit=1")).json();
  assertEquals([first.runs.map(({ id }: { id: string }) => id), first.next], [["r1"], "r1"]);
  assertEquals([first.current, first.trains], ["r1", true]);
  const all = await (await app.request("/runs?state=running&after=r5&text=ticket")).json();
  assertEquals([all.runs.length, all.next], [2, null]);
  assertEquals(asked, [{ limit: 2 }, { limit: 1001, state: "running", after: "r5", text: "ticket" }]);
  for (const query of ["limit=0", "limit=1001", "limit=x", "state=gone", "after=..", `text=${"x".repeat(201)}`]) {
    const response = await app.request(`/runs?${query}`);
    const { errors }: ProblemBody = await response.json();
    assertEquals([response.status, errors[0]?.field], [400, query.split("=")[0]]);
  }
});
