import { assertEquals } from "@std/assert";
import { examinationOf, LABELS } from "../../finished_run.ts";
import { fakeApp } from "../fakes.ts";

const PATH = "/runs/r0/cross-validation";

async function ask(app: ReturnType<typeof fakeApp>["app"], path: string, method = "GET", body?: string) {
  const response = await app.request(path, { method, ...body !== undefined && { body } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === "" ? undefined : parsed(text) };
}

function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

Deno.test("POST /runs/:id/cross-validation begins one at a time, GET shows it, and DELETE stops it", async () => {
  const { app } = fakeApp();
  assertEquals((await ask(app, PATH)).body, { state: "none", mayStart: true });
  assertEquals((await ask(app, PATH, "DELETE")).status, 409);
  const begun = await ask(app, PATH, "POST");
  assertEquals([begun.status, begun.body], [202, { state: "running", mayStart: true, progress: 0.25 }]);
  assertEquals((await ask(app, PATH)).body, begun.body);
  const busy = await ask(app, "/runs/r1/cross-validation", "POST", '{"folds": 3}');
  assertEquals([busy.status, busy.headers.get("Retry-After")], [503, "10"]);
  assertEquals((await ask(app, PATH, "DELETE")).status, 204);
  assertEquals((await ask(app, PATH)).body.state, "none");
  // As `curl -X POST` sends it.
  assertEquals((await ask(app, PATH, "POST", "")).status, 202);
});

Deno.test("POST /runs/:id/cross-validation refuses wrong folds, and a process that only serves", async () => {
  const { app, runs, run } = fakeApp();
  for (
    const [body, message] of [
      ['{"folds": 1}', "folds is 1: expected a whole number from 2 to 20"],
      ['{"folds": "5"}', 'folds is "5": expected a whole number from 2 to 20'],
      ['{"fold": 5}', 'the body has "fold": expected only folds'],
      ["[5]", 'the body is [5]: expected an object such as {"folds": 5}'],
      ["7", 'the body is 7: expected an object such as {"folds": 5}'],
    ] as const
  ) {
    const { status, body: { errors } } = await ask(app, PATH, "POST", body);
    assertEquals([status, errors[0].message], [400, message]);
  }
  assertEquals((await ask(app, "/runs/gone/cross-validation", "POST")).status, 404);
  run.queued = { place: 1, config: {} };
  assertEquals((await ask(app, "/runs/r1/cross-validation", "POST")).status, 409);
  runs.admission = "never";
  assertEquals((await ask(app, PATH, "POST", "{}")).status, 409);
});

Deno.test("GET /runs/:id/cross-validation/rows sends the file, if there is one", async () => {
  const fake = fakeApp();
  assertEquals((await ask(fake.app, `${PATH}/rows`)).status, 404);
  const older = fake.older;
  const result = examinationOf(LABELS);
  older.labels = { state: "finished", mayStart: true, at: "2026-01-02T03:04:05.000Z", result, rows: "suspects.csv" };
  assertEquals((await ask(fake.app, PATH)).body.result, result);
  const { status, headers, text } = await ask(fake.app, `${PATH}/rows`);
  assertEquals([status, text], [200, "a,b\n"]);
  assertEquals(headers.get("Content-Disposition"), 'attachment; filename="suspects.csv"');
  assertEquals(headers.get("Content-Type"), "application/octet-stream");
});
