import { assertEquals } from "@std/assert";
import { parseMetrics, valueOf } from "../../../dashboard/service/open_metrics.ts";
import { HttpMetrics, MetricsText } from "../../../lib/serve/metrics.ts";

Deno.test("parseMetrics() reads what the server writes", () => {
  const server = new HttpMetrics();
  server.route("POST", "/predict").observe(200, 0.0004);
  server.route("POST", "/predict").observe(503, 20);
  server.route("GET", "/runs/{id}").observe(404, 0.002);
  server.streams = 3;
  const text = new MetricsText("text/plain");
  server.write(text);
  text.gauge("lockstep_resident_memory_bytes", 1.5e9, "Memory.");
  const metrics = parseMetrics(text.end());
  assertEquals(valueOf(metrics, "lockstep_event_streams"), 3);
  assertEquals(valueOf(metrics, "lockstep_resident_memory_bytes"), 1.5e9);
  assertEquals(metrics.get("lockstep_http_requests_total"), [
    { labels: { method: "POST", route: "/predict", status: "200" }, value: 1 },
    { labels: { method: "POST", route: "/predict", status: "503" }, value: 1 },
    { labels: { method: "GET", route: "/runs/{id}", status: "404" }, value: 1 },
  ]);
  const buckets = metrics.get("lockstep_http_request_seconds_bucket")?.filter(({ labels }) =>
    labels["method"] === "POST"
  );
  assertEquals(buckets?.map(({ value }) => value), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
  assertEquals(buckets?.at(-1)?.labels["le"], "+Inf");
});

Deno.test("parseMetrics() reads labels with quotes, braces and commas, timestamps and exemplars", () => {
  const metrics = parseMetrics([
    "# TYPE a counter",
    String.raw`a_total{path="C:\\dir",said="\"no\"\nyes",set="{b,c=\"d\"}"} 1e3 1700000000 # {id="x"} 1`,
    "b -Inf",
    "c NaN",
    "not a sample",
    "# EOF",
  ].join("\n"));
  assertEquals(metrics.get("a_total"), [
    { labels: { path: "C:\\dir", said: '"no"\nyes', set: '{b,c="d"}' }, value: 1000 },
  ]);
  assertEquals([valueOf(metrics, "b"), valueOf(metrics, "c"), valueOf(metrics, "d")], [-Infinity, NaN, undefined]);
});
