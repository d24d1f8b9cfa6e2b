import { assert, assertEquals, assertMatch } from "@std/assert";
import { dataOf, evaluationsOf, LABELS } from "../finished_run.ts";
import { createWaitingApp } from "../../lib/serve/app.ts";
import { fakeApp, fakePredictor, fakeRuns, modelInfo } from "./fakes.ts";
import { type ProblemBody, soon } from "./http/reading.ts";

async function problem(response: Response): Promise<ProblemBody> {
  assertEquals(response.headers.get("Content-Type"), "application/problem+json");
  const body: ProblemBody = await response.json();
  assertEquals(body.status, response.status);
  return body;
}

const broken = () => Promise.reject(new Error("secret"));

Deno.test("GET / is the page, with the headers that confine it", async () => {
  const { app } = fakeApp();
  const page = await app.request("/");
  assertEquals([page.status, await page.text()], [200, "<!doctype html><html><title>Lockstep</title>"]);
  assertEquals(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  assertEquals(page.headers.get("Cache-Control"), "no-store");
  assertEquals(page.headers.get("X-Content-Type-Options"), "nosniff");
  assertEquals(page.headers.get("Referrer-Policy"), "no-referrer");
});

Deno.test("GET of an asset answers 304 to a client that has it", async () => {
  const { app } = fakeApp();
  const first = await app.request("/dashboard.js");
  assertEquals([first.headers.get("Content-Type"), await first.text()], [
    "text/javascript; charset=utf-8",
    "export {};",
  ]);
  const etag = first.headers.get("ETag");
  assert(etag);
  const again = await app.request("/dashboard.js", { headers: { "If-None-Match": etag } });
  assertEquals([again.status, await again.text()], [304, ""]);
});

Deno.test("GET /runs lists the runs, GET /runs/:id shows one", async () => {
  const { app } = fakeApp();
  const { runs } = await (await app.request("/runs")).json();
  assertEquals(runs.map(({ id }: { id: string }) => id), ["r1", "r0"]);
  assertEquals(await (await app.request("/runs/r0")).json(), runs[1]);
});

Deno.test("GET /runs/:id names a missing run, and looks up no invalid id", async () => {
  const asked: string[] = [];
  const { app } = fakeApp({
    services: {
      runs: {
        ...fakeRuns([]),
        current: "r1",
        trains: false,
        list: () => Promise.resolve([]),
        get: (id) => Promise.resolve(void asked.push(id)),
        data: () => Promise.resolve(undefined),
        evaluation: () => Promise.resolve(undefined),
        act: () => false,
        events: () => {
          throw new RangeError();
        },
      },
    },
  });
  const missing = await app.request("/runs/r9");
  assertEquals(missing.status, 404);
  assertEquals((await problem(missing)).errors[0]?.field, "id");
  for (const id of ["..%2F..%2Fetc", "%00", ".hidden", "%ff", "a".repeat(300), "a%2Fb"]) {
    assertEquals((await problem(await app.request(`/runs/${id}`))).status, 404, id);
  }
  assertEquals(asked, ["r9"]);
});

Deno.test("GET of a run's data and of its evaluation answers with both, or 404 without them", async () => {
  const { app } = fakeApp();
  assertEquals(await (await app.request("/runs/r0/data")).json(), dataOf(LABELS));
  assertEquals(await (await app.request("/runs/r0/judgement")).json(), evaluationsOf(LABELS));
  const none = [
    "run r1 uses generated data: expected a run trained on files",
    "run r1 has no evaluation: expected a finished run trained on files",
  ];
  for (const [index, path] of ["data", "judgement"].entries()) {
    assertEquals((await problem(await app.request(`/runs/r1/${path}`))).detail, none[index]);
    assertMatch((await problem(await app.request(`/runs/r9/${path}`))).detail, /^No run "r9"/);
  }
});

Deno.test("GET /model answers with the predictor's model", async () => {
  assertEquals(await (await fakeApp().app.request("/model")).json(), modelInfo);
});

Deno.test("GET /readyz depends on the process and its model, GET /livez on neither", async () => {
  const cases = [
    [{}, 200, undefined],
    [{ ready: () => false }, 503, "not ready: the server is starting or ending"],
    [{ predictor: fakePredictor({ model: broken }) }, 503, "not ready: the model does not answer: secret"],
    [
      { predictor: fakePredictor({ model: () => new Promise<never>(() => {}) }) },
      503,
      "not ready: the model did not answer within 5 ms",
    ],
  ] as const;
  for (const [services, status, message] of cases) {
    const { app } = fakeApp({ services, readyMs: 5 });
    const response = await soon(Promise.resolve(app.request("/readyz")), "an answer");
    assertEquals(response.status, status);
    if (message) assertEquals((await problem(response)).errors, [{ field: "ready", message }]);
    assertEquals((await app.request("/livez")).status, 200);
  }
});

Deno.test("HEAD of a GET route has its status and no body", async () => {
  const { app } = fakeApp();
  for (const path of ["/", "/runs", "/runs/r1", "/model", "/livez", "/readyz"]) {
    const response = await app.request(path, { method: "HEAD" });
    assertEquals([path, response.status, response.body], [path, 200, null]);
  }
});

Deno.test("createApp() names a path without a route", async () => {
  const response = await fakeApp().app.request("/nope");
  assertEquals(response.status, 404);
  assertEquals(await problem(response), {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: 'No route for "/nope": GET /docs lists them',
    errors: [{ field: "path", message: 'No route for "/nope": GET /docs lists them' }],
  });
});

Deno.test("createApp() guesses the route that a path with a typo means", async () => {
  const { app } = fakeApp();
  const cases = [
    ["/predicts", "/predict"],
    ["/runs/r1/judgment", "/runs/r1/judgement"],
    ["/v2/models/lockstep/infr", "/v2/models/lockstep/infer"],
    ["/Model", "/model"],
  ];
  for (const [path, meant] of cases) {
    const { detail } = await problem(await app.request(path!));
    assertEquals(detail, `No route for "${path}": did you mean "${meant}"? GET /docs lists all`);
  }
});

Deno.test("createApp() says which methods a path has", async () => {
  const { app } = fakeApp();
  const cases = [
    ["PUT", "/predict", "POST, GET, HEAD"],
    ["HEAD", "/v2/models/lockstep/infer", "POST"],
    ["POST", "/events", "GET, HEAD"],
    ["PUT", "/runs/r1", "PATCH, DELETE, GET, HEAD"],
    ["PUT", "/", "GET, HEAD"],
    ["OPTIONS", "/predict", "POST, GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await app.request(path, { method });
    assertEquals([response.status, response.headers.get("Allow")], [405, allow], `${method} ${path}`);
    if (method !== "HEAD") assertEquals((await problem(response)).errors[0]?.field, "method");
  }
});

Deno.test("createApp() passes unexpected errors to onError, and hides them from the client", async () => {
  const errors: unknown[] = [];
  const { app } = fakeApp({
    services: { predictor: fakePredictor({ model: broken, predict: broken }) },
    onError: (error) => errors.push(error),
  });
  const response = await app.request("/model");
  assertEquals(response.status, 500);
  assertEquals(await problem(response), {
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    detail: "the server failed to answer",
    errors: [],
  });
  assertMatch(String(errors), /^Error: secret$/);
});

Deno.test("createApp() sets security headers on every answer, and caches only assets", async () => {
  const { app } = fakeApp({ services: { ready: () => false } });
  for (const path of ["/livez", "/readyz", "/nope", "/predict", "/runs/r9"]) {
    const { headers } = await app.request(path);
    assertEquals([headers.get("X-Content-Type-Options"), headers.get("Cache-Control")], ["nosniff", "no-store"], path);
  }
});

Deno.test("POST /runs/:id/{pause,resume,stop} act on the run, or say why they cannot", async () => {
  const { app } = fakeApp();
  const post = async (path: string) => {
    const response = await app.request(path, { method: "POST" });
    return [response.status, await response.json()] as const;
  };
  assertEquals((await post("/runs/r1/resume"))[0], 409);
  const [status, run] = await post("/runs/r1/pause");
  assertEquals([status, run.state], [202, "paused"]);
  const [conflict, problem] = await post("/runs/r1/pause");
  assertEquals([conflict, problem.status], [409, 409]);
  assertEquals(problem.detail, "Cannot pause run r1, which is paused: expected a run that is running in this process");
  assertEquals((await post("/runs/r1/resume"))[1].state, "running");
  assertEquals((await post("/runs/r1/stop"))[1].state, "stopping");
  assertEquals((await post("/runs/r0/stop"))[0], 409);
  assertEquals((await post("/runs/r9/stop"))[0], 404);
  assertEquals((await app.request("/runs/r1/stop")).status, 405);
});

Deno.test("createWaitingApp() reports liveness, and checks requests as the app will", async () => {
  const assets = new Map([["/", { body: "<!doctype html>", type: "text/html; charset=utf-8" }]]);
  const app = createWaitingApp({ token: "0123456789abcdef", labelToken: "fedcba9876543210" }, assets);
  const status = async (path: string, headers: HeadersInit = {}) => {
    const response = await app.request(path, { headers });
    assertEquals(response.headers.get("X-Content-Type-Options"), "nosniff");
    if (response.status >= 400) assertEquals(response.headers.get("Content-Type"), "application/problem+json");
    return response.status;
  };
  assertEquals([await status("/livez"), await status("/readyz"), await status("/model")], [200, 503, 401]);
  const known = { Authorization: "Bearer 0123456789abcdef" };
  assertEquals([await status("/model", known), await status("/", known), await status("/")], [503, 200, 401]);
  const labeller = { Authorization: "Bearer fedcba9876543210" };
  assertEquals([await status("/model", labeller), await status("/", labeller), await status("/runs", labeller)], [
    503,
    200,
    401,
  ]);
  assertEquals([await status("/livez", { Host: "evil.example" }), await status("/livez", { Host: "x y" })], [421, 400]);
});

Deno.test("createWaitingApp() says how many rows of the data were read", async () => {
  let rows = 0;
  const app = createWaitingApp({}, new Map(), () => rows);
  const detail = async () => (await (await app.request("/runs")).json()).detail;
  assertEquals(await detail(), "the run is being prepared: retry");
  rows = 12_345;
  assertEquals(await detail(), "12,345 rows of its data read: retry");
});
