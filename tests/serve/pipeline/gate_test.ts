import { assert, assertEquals, assertMatch } from "@std/assert";
import { rateLimiter } from "../../../lib/serve/pipeline/access.ts";
import { type AccessRecord } from "../../../lib/serve/pipeline/front.ts";
import { noPeer } from "../../../lib/serve/pipeline/peer.ts";
import { checkpoint, fakeApp } from "../fakes.ts";

const TOKEN = "0123456789abcdef";

Deno.test("createApp() with a token refuses requests without it, except health checks", async () => {
  const { app } = fakeApp({ token: TOKEN });
  const status = async (path: string, Authorization?: string) =>
    (await app.request(path, { headers: Authorization === undefined ? {} : { Authorization } })).status;
  const basic = (text: string) => `Basic ${btoa(text)}`;
  for (const path of ["/", "/model", "/events", "/metrics", "/openapi.json", "/docs", "/nope", "/v2/models/lockstep"]) {
    assertEquals(await status(path), 401, path);
  }
  for (const path of ["/livez", "/readyz", "/v2/health/live", "/v2/health/ready"]) {
    assertEquals(await status(path), 200, path);
  }
  for (const good of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, basic(`me:${TOKEN}`), basic(`:${TOKEN}`)]) {
    assertEquals(await status("/model", good), 200, good);
  }
  const bad = [
    "",
    TOKEN,
    "Bearer",
    `Bearer ${TOKEN}0`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    basic(TOKEN),
  ];
  for (const header of [...bad, basic(`me:${TOKEN}x`), `Digest ${TOKEN}`]) {
    assertEquals(await status("/model", header), 401, header);
  }
  const refused = await app.request("/model");
  assertMatch(refused.headers.get("WWW-Authenticate") ?? "", /^Basic realm="lockstep", Bearer /);
  assertEquals(refused.headers.get("X-Content-Type-Options"), "nosniff");
});

Deno.test("createApp() limits the rate of each client, and says when to retry", async () => {
  const { app } = fakeApp({ rateLimit: 2 });
  const ask = (client: string, path = "/model") => app.fetch(new Request(`http://localhost${path}`), noPeer(client));
  const statuses = async (client: string) => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask(client)));
    return answers.map((answer) => answer.status);
  };
  assertEquals(await statuses("10.0.0.1"), [200, 200, 429, 429]);
  assertEquals(await statuses("10.0.0.2"), [200, 200, 429, 429]);
  const refused = await ask("10.0.0.1");
  assertEquals([refused.status, refused.headers.get("Retry-After")], [429, "1"]);
  assertEquals((await ask("10.0.0.1", "/livez")).status, 200);
});

Deno.test("rateLimiter() fills each client's bucket with time, to a second's worth", () => {
  let now = 0;
  const take = rateLimiter(4, () => now);
  const taken = () => {
    let count = 0;
    while (take("a") === 0) count++;
    return count;
  };
  assertEquals(taken(), 4);
  assertEquals(take("a"), 0.25);
  now += 500;
  assertEquals(taken(), 2);
  now += 100_000;
  assertEquals(taken(), 4);
  assertEquals(rateLimiter(0.5, () => now)("a"), 0);
});

Deno.test("createApp() accepts pages of the configured origin only", async () => {
  const origin = "https://example.org";
  const { app } = fakeApp({ corsOrigin: origin });
  const asked = await app.request("/predict", {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
  });
  assertEquals([asked.status, asked.headers.get("Access-Control-Allow-Origin")], [204, origin]);
  const post = (Origin: string) =>
    app.request("/predict", { method: "POST", body: '{"tokens":[1,2,3]}', headers: { Origin } });
  const good = await post(origin);
  assertEquals([good.status, good.headers.get("Access-Control-Allow-Origin")], [200, origin]);
  assertEquals((await post("https://evil.example")).status, 403);
  const closed = await fakeApp().app.request("/predict", {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
  });
  assertEquals([closed.status, closed.headers.get("Access-Control-Allow-Origin")], [403, null]);
});

Deno.test("createApp() keeps a request's id or makes one, and logs every answer", async () => {
  const records: AccessRecord[] = [];
  const { app } = fakeApp({ onAccess: (record) => records.push(record), token: TOKEN });
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const named = await app.request("/predict", {
    method: "POST",
    body: '{"tokens":[1,2,3]}',
    headers: { ...headers, "X-Request-Id": "a-1" },
  });
  const unnamed = await app.request("/nope?x=1", { headers });
  const forged = await app.request("/model", { headers: { "X-Request-Id": 'a"b c' } });
  const ids = [named, unnamed, forged].map((response) => response.headers.get("X-Request-Id"));
  assertEquals(records.map(({ request }) => request), ids);
  assertEquals(ids[0], "a-1");
  assertMatch(ids[2] ?? "", /^[\da-f-]{36}$/);
  assertEquals(records.map(({ run, method, path, status }) => [run, method, path, status]), [
    ["r1", "POST", "/predict", 200],
    ["r1", "GET", "/nope", 404],
    ["r1", "GET", "/model", 401],
  ]);
  const quiet = fakeApp().app;
  const echoed = await quiet.request("/model", { headers: { "X-Request-Id": "b-2" } });
  assertEquals([echoed.headers.get("X-Request-Id"), (await quiet.request("/model")).headers.get("X-Request-Id")], [
    "b-2",
    null,
  ]);
});

Deno.test("GET /metrics has requests, queue, training and open connections as OpenMetrics text", async () => {
  const training = () => ({ round: 5, epoch: 1, loss: 0.5, accuracy: 0.75, sequencesPerSecond: 1000, incidents: 2 });
  const { app } = fakeApp({ services: { training }, events: [checkpoint(1)] });
  await app.request("/predict", { method: "POST", body: '{"tokens":[1,2,3]}' });
  await app.request("/predict", { method: "POST", body: "{}" });
  await app.request("/livez", { headers: { Host: "evil.example" } });
  const stream = await app.request("/events");
  const reader = stream.body!.getReader();
  await reader.read();
  await reader.read();
  const response = await app.request("/metrics", { headers: { Accept: "application/openmetrics-text" } });
  assertEquals(response.headers.get("Content-Type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  const text = await response.text();
  const lines = text.split("\n");
  const value = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.split(" ").at(-1);
  const label = 'method="POST",route="/predict"';
  assertEquals(value(`lockstep_http_requests_total{${label},status="200"}`), "1");
  assertEquals(value(`lockstep_http_requests_total{${label},status="400"}`), "1");
  assertEquals(value(`lockstep_http_requests_total{method="any",route="refused",status="421"}`), "1");
  assertEquals(value(`lockstep_http_request_seconds_bucket{${label},le="+Inf"}`), "2");
  assertEquals(value(`lockstep_http_request_seconds_count{${label}}`), "2");
  assertEquals(value("lockstep_predict_queued_sequences"), "3");
  assertEquals(value('lockstep_engine_info{engine="simd",kernels="avx512"}'), "1");
  const size = "lockstep_predict_batch_sequences";
  const below = ["1", "2", "4", "1024", "+Inf"].map((bound) => value(`${size}_bucket{le="${bound}"}`));
  assertEquals([...below, value(`${size}_sum`), value(`${size}_count`)], ["0", "1", "2", "2", "3", "2005", "3"]);
  assertEquals([value("lockstep_training_loss"), value("lockstep_training_incidents_total")], ["0.5", "2"]);
  assertEquals(value("lockstep_event_streams"), "1");
  assert(Number(value("lockstep_resident_memory_bytes")) > 1e6);
  assert(text.endsWith("\n# EOF\n"));
  // Each sample stands below the family that its name begins with.
  let family = "";
  for (const line of lines) {
    family = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line)?.[1] ?? family;
    if (!/^(#|$)/.test(line)) assert(line.startsWith(family), line);
  }
  await reader.cancel();
  assertMatch(await (await app.request("/metrics")).text(), /^lockstep_event_streams 0$/m);
});

Deno.test("GET /metrics answers in the format of Accept, by default Prometheus's own", async () => {
  const { app } = fakeApp();
  const get = async (accept?: string) => {
    const response = await app.request("/metrics", accept === undefined ? {} : { headers: { Accept: accept } });
    const text = await response.text();
    assertEquals([response.status, response.headers.get("Vary")], [200, "Accept"]);
    const type = response.headers.get("Content-Type");
    const isOpen = type === "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert(isOpen || type === "text/plain; version=0.0.4; charset=utf-8", `${type}`);
    assertEquals(text.endsWith("\n# EOF\n"), isOpen);
    // A counter's family has the name of its sample in Prometheus's own format.
    const counter = isOpen ? "lockstep_predict_restarts" : "lockstep_predict_restarts_total";
    const family = `^# TYPE ${counter} counter\n# HELP ${counter} .*\nlockstep_predict_restarts_total 2$`;
    assertMatch(text, new RegExp(family, "m"));
    return isOpen ? "open" : "text";
  };
  const prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4," +
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const cases: [accept: string | undefined, format: string][] = [
    [prometheus, "open"],
    ["Application/OpenMetrics-Text", "open"],
    ["text/plain;q=0.5, application/openmetrics-text", "open"],
    [undefined, "text"],
    ["", "text"],
    ["*/*", "text"],
    [browser, "text"],
    ["text/plain", "text"],
    ["application/openmetrics-text;q=0.4, text/plain;version=0.0.4", "text"],
    ["application/openmetrics-text;q=0", "text"],
    // No request is refused: a scraper that prefers another format can often read one of these.
    ["application/json", "text"],
    ["application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", "text"],
    [";;q=,,/", "text"],
  ];
  for (const [accept, format] of cases) assertEquals(await get(accept), format, accept);
});
