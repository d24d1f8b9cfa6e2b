import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { BATCH_SIZES, Histogram } from "../../lib/predict/histogram.ts";
import { ActivityMonitor, activitySchema, percentile } from "../../lib/serve/activity.ts";
import { HttpMetrics } from "../../lib/serve/metrics.ts";
import { fakeApp } from "./fakes.ts";

const batchSizes = new Histogram(BATCH_SIZES);
const statistics = { engine: "simd/wasm", queued: 3, computing: 0, batchSizes, restarts: 1 };

Deno.test("percentile() lies in the bucket of the exact percentile", () => {
  const bounds = [0.001, 0.005, 0.01, 0.1, 1];
  const seconds = Array.from({ length: 500 }, (_, at) => 0.0005 + 0.9 * ((at * 7919) % 500 / 500) ** 3);
  const sorted = seconds.toSorted((a, b) => a - b);
  const histogram = new Histogram(bounds);
  for (const one of seconds) histogram.observe(one);
  for (const share of [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
    const upper = bounds.find((bound) => exact <= bound) ?? Infinity;
    const lower = bounds.findLast((bound) => bound < exact) ?? 0;
    const found = percentile(bounds, histogram.buckets, share) ?? NaN;
    assert(found >= lower && found <= upper, `${share}: ${found} is not in ${lower}–${upper}`);
  }
});

Deno.test("percentile() is linear between bounds, and the last bound above them", () => {
  assertAlmostEquals(percentile([1, 3], [0, 10, 0], 0.5) ?? NaN, 2, 1e-12);
  assertEquals(percentile([1, 3], [1, 0, 9], 0.5), 3);
  assertEquals(percentile([1], [0, 0], 0.5), undefined);
  assertEquals(percentile([], [], 0.5), undefined);
});

Deno.test("ActivityMonitor measures the last ten seconds, without the requests for metrics", () => {
  const metrics = new HttpMetrics();
  const monitor = new ActivityMonitor(metrics);
  const predict = metrics.route("POST", "/predict");
  for (let asked = 0; asked < 50; asked++) predict.observe(200, 5);
  assertEquals(monitor.read(statistics, 100).points, []);
  for (let asked = 0; asked < 30; asked++) predict.observe(asked % 3 === 0 ? 503 : 200, 0.0004);
  metrics.route("GET", "/runs").observe(200, 0.02);
  metrics.route("GET", "/activity").observe(200, 0.02);
  assertEquals(monitor.read(statistics, 100.5).points, []);
  const { points: [point, ...others], routes, queued, restarts, batchSize } = monitor.read(statistics, 110);
  assert(point);
  assertEquals([others, point.at, point.requests, point.predictions], [[], 110, 3.1, 3]);
  // The slow requests were before.
  assert(point.p99! <= 0.0005, `${point.p99}`);
  assertEquals(routes.map(({ route, requests, errors }) => [route, requests, errors]), [
    ["POST /predict", 80, 10],
    ["GET /runs", 1, 0],
  ]);
  assertEquals([queued, restarts, batchSize], [3, 1, null]);
  assertEquals(monitor.read(statistics, 130).points.map(({ at, requests }) => [at, requests]), [[110, 3.1], [130, 0]]);
});

Deno.test("GET /activity answers what its schema says", async () => {
  const { app } = fakeApp();
  const answer = await app.request("/activity");
  assertEquals(answer.status, 200);
  const { streams, routes } = activitySchema.parse(await answer.json());
  assertEquals([streams, routes], [0, []]);
});
