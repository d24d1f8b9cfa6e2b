import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parseMetrics } from "../../../dashboard/service/open_metrics.ts";
import {
  batchSize,
  earlier,
  percentile,
  routesBetween,
  type Scrape,
} from "../../../dashboard/service/service_metrics.ts";
import { BATCH_SIZES, Histogram } from "../../../lib/predict/histogram.ts";
import { HttpMetrics, MetricsText } from "../../../lib/serve/metrics.ts";

/** Makes a scrape at second `at` of the counts of `server` and a predictor. */
function scrape(at: number, server: HttpMetrics, batches = 0, sequences = 0): Scrape {
  const text = new MetricsText("text/plain");
  server.write(text);
  const sizes = new Histogram(BATCH_SIZES);
  for (let batch = 1; batch <= batches; batch++) {
    sizes.observe(Math.floor(sequences * batch / batches) - Math.floor(sequences * (batch - 1) / batches));
  }
  text.histogram("lockstep_predict_batch_sequences", sizes, "Sequences of a batch.");
  return { at, metrics: parseMetrics(text.end()) };
}

Deno.test("percentile() lies in the bucket of the exact percentile", () => {
  const bounds = [0.001, 0.005, 0.01, 0.1, 1];
  const seconds = Array.from({ length: 500 }, (_, at) => 0.0005 + 0.9 * ((at * 7919) % 500 / 500) ** 3);
  const sorted = seconds.toSorted((a, b) => a - b);
  const buckets = new Map([...bounds, Infinity].map((bound) => [bound, seconds.filter((s) => s <= bound).length]));
  for (const share of [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
    const upper = bounds.find((bound) => exact <= bound) ?? Infinity;
    const lower = bounds.findLast((bound) => bound < exact) ?? 0;
    const found = percentile(buckets, share) ?? NaN;
    assert(found >= lower && found <= upper, `${share}: ${found} is not in ${lower}–${upper}`);
  }
});

Deno.test("percentile() is linear between bounds, infinite above them, undefined without values", () => {
  assertAlmostEquals(percentile(new Map([[1, 0], [3, 10], [Infinity, 10]]), 0.5) ?? NaN, 2, 1e-12);
  assertEquals(percentile(new Map([[1, 1], [Infinity, 10]]), 0.5), Infinity);
  assertEquals(percentile(new Map([[1, 0], [Infinity, 0]]), 0.5), undefined);
  assertEquals(percentile(new Map(), 0.5), undefined);
});

Deno.test("routesBetween() counts requests between two scrapes, without those for metrics", () => {
  const server = new HttpMetrics();
  const predict = server.route("POST", "/predict");
  for (let asked = 0; asked < 50; asked++) predict.observe(200, 5);
  server.route("GET", "/metrics").observe(200, 0.001);
  const before = scrape(100, server);
  for (let asked = 0; asked < 30; asked++) predict.observe(asked % 3 === 0 ? 503 : 200, 0.0004);
  server.route("GET", "/runs").observe(200, 0.02);
  server.route("GET", "/metrics").observe(200, 0.001);
  const now = scrape(110, server);
  const [first, second, ...others] = routesBetween(now, before);
  assertEquals([first?.route, first?.requests, first?.perSecond, first?.errors], ["POST /predict", 30, 3, 10]);
  // The slow requests were before the first scrape.
  assert((first?.p99 ?? 1) <= 0.0005, `${first?.p99}`);
  assertEquals([second?.route, second?.requests, others.length], ["GET /runs", 1, 0]);
  assertEquals(routesBetween(now).map(({ route, requests }) => [route, requests]), [["POST /predict", 80], [
    "GET /runs",
    1,
  ]]);
});

Deno.test("batchSize() covers the time between two scrapes, and is undefined without a batch", () => {
  const server = new HttpMetrics();
  const before = scrape(0, server, 10, 10);
  assertEquals(batchSize(scrape(1, server, 14, 34), before), 6);
  assertEquals(batchSize(before, before), undefined);
});

Deno.test("earlier() returns a scrape that is old enough, or else the oldest", () => {
  const history = [1, 3, 5, 7].map((at) => scrape(at, new HttpMetrics()));
  assertEquals([earlier(history, 8, 4)?.at, earlier(history, 8, 60)?.at, earlier([], 8, 4)], [3, 1, undefined]);
});
