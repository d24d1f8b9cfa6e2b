/** Walks the OpenAPI document: the app answers with every documented status of every path, and with no other. */
import { assert, assertEquals } from "@std/assert";
import { Unavailable, UnknownVersion } from "../../../lib/predict/types.ts";
import type { AppOptions } from "../../../lib/serve/pipeline/shell.ts";
import type { App } from "../../../lib/serve/pipeline/shell.ts";
import { DEFAULT_NAME, ServedModels } from "../../../lib/predict/served_models.ts";
import {
  checkpoint,
  failed,
  fakeApp,
  fakeLabelling,
  fakePredictor,
  type ServiceChanges,
  textPredictor,
} from "../fakes.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Record<
    string,
    Record<string, { summary?: string; responses: Record<string, { content?: Record<string, unknown> }> }>
  >;
}

const body = '{"tokens":[1,2,3]}';
const tensors = '{"inputs":[{"name":"tokens","datatype":"INT64","shape":[1,3],"data":[1,2,3]}]}';
const down = () => Promise.reject(new Unavailable("down"));
const noVersion = () => Promise.reject(new UnknownVersion("there is no version 9"));

/** Returns an app in the state in which it answers with `status`. */
function appFor(status: string, path: string): App {
  const services: { -readonly [Key in keyof ServiceChanges]: ServiceChanges[Key] } = {};
  const options: { -readonly [Key in keyof AppOptions]: AppOptions[Key] } = { bodyLimitBytes: 1000 };
  if (path === "/cluster" && status === "200") {
    services.cluster = () => ({ name: "tickets", member: "a", leader: "a", round: 1, members: [], incidents: [] });
  }
  if (status === "401") options.token = "0123456789abcdef";
  if (status === "429") options.rateLimit = 1;
  if (status === "503") services.predictor = fakePredictor({ model: down, predict: down });
  if (/^.models.{name}(.canary)?$/.test(path) && status !== "409") {
    const close = () => {};
    const models = [DEFAULT_NAME, "spam"].map((name) => [name, { predictor: fakePredictor(), close }] as const);
    services.models = new ServedModels(models);
    services.openRun = () => Promise.resolve({ predictor: services.predictor ?? fakePredictor(), close });
  }
  if (status === "404" && path.includes("{version}")) {
    services.predictor = fakePredictor({ model: noVersion, predict: noVersion });
  }
  if (/\/(examples|uncertain)/.test(path) && status !== "409") {
    services.predictor = textPredictor();
    services.labelling = fakeLabelling(status === "503" ? "full" : undefined);
  }
  const over = path.endsWith("events") && !["404", "400"].includes(status);
  const { app, run, older, runs } = fakeApp({
    events: over ? [checkpoint(1), failed] : [checkpoint(1)],
    services,
    ...options,
  });
  if (path === "/runs" && status === "503") runs.admission = "full";
  if (path === "/runs" && status === "409") runs.admission = "never";
  if (path === "/runs/{id}" && status === "409") runs.removal = "busy";
  if (path.includes("/cross-validation")) {
    if (status === "409") runs.admission = "never";
    if (status === "503") older.labels = { state: "running", mayStart: true };
    if (status === "204") run.labels = { state: "running", mayStart: true };
    if (status === "200") run.labels = { state: "finished", mayStart: true, rows: "suspects.csv" };
  }
  if (path.endsWith("/resume") && status === "202") run.state = "paused";
  if (path.endsWith("/pause") && status === "409") run.state = "paused";
  if (path.endsWith("/stop") && status === "409") run.state = "stopping";
  return app;
}

/** Returns the request that is answered with `status`. */
function requestFor(method: string, path: string, status: string): [path: string, init: RequestInit] {
  const known = status === "404" && !path.includes("{version}") ? "unknown" : undefined;
  const isSaved = /\/(data|judgement)$/.test(path);
  const name = path === "/models/{name}" && method === "delete" && status === "204"
    ? "spam"
    : /^.(v2|models)/.test(path)
    ? "lockstep"
    : isSaved
    ? "r0"
    : "r1";
  const address = path.replace("/examples/{id}", `/examples/${known ? 99 : 1}`)
    .replace(/\{(id|name)\}/, path.endsWith("/examples/{id}") ? "lockstep" : known ?? name).replace("{version}", "5");
  const init: RequestInit & { headers: Record<string, string> } = { method: method.toUpperCase(), headers: {} };
  if (status === "403") {
    Object.assign(init.headers, { "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site" });
  }
  // Without body and query only the Host can be wrong.
  if (status === "400") init.headers["Host"] = "x y";
  if (status === "421") init.headers["Host"] = "evil.example";
  if (path === "/runs" && method === "get" && status === "400") return ["/runs?limit=0", { method: "GET" }];
  if (path.endsWith("/uncertain") && method === "get" && status === "400") {
    return [`${address}?limit=0`, { method: "GET" }];
  }
  if (path === "/files/preview" && status !== "400") {
    return [`${path}?name=${status === "404" ? "gone.csv" : "tickets.csv"}`, init];
  }
  if (path === "/files/preview") return [path, { method: "GET" }];
  if (path.endsWith("/predict") && method === "get") {
    return status === "400" ? [address, { method: "GET" }] : [`${address}?tokens=1,2,3`, init];
  }
  const ofRuns = path === "/runs" || path.endsWith("/cross-validation");
  if (method === "post" && (ofRuns || !path.startsWith("/runs"))) {
    if (status !== "421") delete init.headers["Host"];
    init.body = ofRuns ? "{}" : path.startsWith("/v2") ? tensors : body;
    if (path.endsWith("/examples")) init.body = '{"text":"refund","label":"odd"}';
    if (status === "400") init.body = ofRuns ? "[]" : "{}";
    if (status === "413") init.body = " ".repeat(2000);
    if (status === "415") init.headers["Content-Type"] = "image/png";
  }
  if (method === "put") {
    if (status !== "421") delete init.headers["Host"];
    const share = path.endsWith("/canary") ? { share: 0.5 } : {};
    const asked = { run: status === "400" ? 7 : "r2", ...share };
    init.body = status === "413" ? " ".repeat(2000) : JSON.stringify(asked);
    if (status === "415") init.headers["Content-Type"] = "image/png";
  }
  if (method === "patch") {
    if (status !== "421") delete init.headers["Host"];
    init.body = status === "400" ? '{"name": 7}' : status === "413" ? " ".repeat(2000) : "{}";
    if (status === "415") init.headers["Content-Type"] = "image/png";
  }
  if (path.endsWith("events")) {
    if (status === "204") init.headers["Last-Event-ID"] = "2";
    if (status === "400") init.headers = { "Last-Event-ID": "x" };
  }
  return [address, init];
}

async function documentOf(): Promise<Document> {
  return await (await fakeApp().app.request("/openapi.json")).json();
}

Deno.test("every path and status of the document is answered as it says", async () => {
  const { openapi, paths } = await documentOf();
  assertEquals(openapi, "3.1.0");
  assert(Object.keys(paths).length >= 20, `${Object.keys(paths).length} paths`);
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { responses, summary }] of Object.entries(operations)) {
      assert(summary, path);
      for (const [status, { content }] of Object.entries(responses)) {
        // The current run always exists here.
        if (path === "/events" && status === "404") continue;
        const [address, init] = requestFor(method, path, status);
        const app = appFor(status, path);
        if (status === "429") await app.request("/docs");
        const response = await app.request(address, init);
        assertEquals(response.status, Number(status), `${method} ${path}`);
        const type = response.headers.get("Content-Type");
        assertEquals(type, Object.keys(content ?? {})[0] ?? null, `${method} ${path} ${status}`);
        await response.body?.cancel();
      }
    }
  }
});

Deno.test("every route of the app is in the document, but for pages", async () => {
  const { app } = fakeApp();
  const { paths } = await documentOf();
  for (const path of Object.keys(paths)) {
    const response = await app.request(path.replaceAll(/\{\w+\}/g, "x"), { method: "PURGE" });
    assertEquals(response.status, 405, path);
    const allowed = response.headers.get("Allow")?.split(", ").map((method) => method.toLowerCase());
    assertEquals(allowed?.filter((method) => method !== "head"), Object.keys(paths[path]!), path);
  }
});

Deno.test("GET /docs is a page that loads nothing from elsewhere", async () => {
  const { app } = fakeApp();
  const page = await app.request("/docs");
  const html = await page.text();
  assertEquals([page.status, page.headers.get("Content-Type")], [200, "text/html; charset=utf-8"]);
  const links = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
  for (const link of links) {
    const { origin, pathname } = new URL(link, "http://localhost/docs");
    assertEquals([origin, (await app.request(pathname)).status], ["http://localhost", 200], link);
  }
  assertEquals(/<(script|style)>|\son\w+=/.test(html), false);
});
