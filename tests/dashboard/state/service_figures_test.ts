import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parseMetrics } from "../../../dashboard/state/open_metrics.ts";
import {
  batchSize,
  earlier,
  percentile,
  routesBetween,
  type Scrape,
} from "../../../dashboard/state/service_figures.ts";
import { BATCH_SIZES, Histogram } from "../../../lib/predict/histogram.ts";
import { HttpMetrics, MetricsText } from "../../../lib/serve/metrics.ts";

/** A scrape `at` seconds of what `figures` and the predictor have counted. */
function scrape(at: number, figures: HttpMetrics, batches = 0, sequences = 0): Scrape {
  const text = new MetricsText("text/plain");
  figures.write(text);
  const sizes = new Histogram(BATCH_SIZES);
  for (let batch = 1; batch <= batches; batch++) {
    sizes.observe(Math.floor(sequences * batch / batches) - Math.floor(sequences * (batch - 1) / batches));
  }
  text.histogram("lockstep_predict_batch_sequences", sizes, "Sequences of a batch.");
  return { at, metrics: parseMetrics(text.end()) };
}

Deno.test("percentile() lies in the bucket of the exact one, wherever that is", () => {
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

Deno.test("percentile() is straight between bounds, infinite beyond them, and unknown without observations", () => {
  assertAlmostEquals(percentile(new Map([[1, 0], [3, 10], [Infinity, 10]]), 0.5) ?? NaN, 2, 1e-12);
  assertEquals(percentile(new Map([[1, 1], [Infinity, 10]]), 0.5), Infinity);
  assertEquals(percentile(new Map([[1, 0], [Infinity, 0]]), 0.5), undefined);
  assertEquals(percentile(new Map(), 0.5), undefined);
});

Deno.test("routesBetween() counts what came between two scrapes, without the page's own looks", () => {
  const figures = new HttpMetrics();
  const predict = figures.route("POST", "/predict");
  for (let asked = 0; asked < 50; asked++) predict.observe(200, 5);
  figures.route("GET", "/metrics").observe(200, 0.001);
  const before = scrape(100, figures);
  for (let asked = 0; asked < 30; asked++) predict.observe(asked % 3 === 0 ? 503 : 200, 0.0004);
  figures.route("GET", "/runs").observe(200, 0.02);
  figures.route("GET", "/metrics").observe(200, 0.001);
  const now = scrape(110, figures);
  const [first, second, ...others] = routesBetween(now, before);
  assertEquals([first?.route, first?.requests, first?.perSecond, first?.errors], ["POST /predict", 30, 3, 10]);
  // The slow ones are of the time before.
  assert((first?.p99 ?? 1) <= 0.0005, `${first?.p99}`);
  assertEquals([second?.route, second?.requests, others.length], ["GET /runs", 1, 0]);
  assertEquals(routesBetween(now).map(({ route, requests }) => [route, requests]), [["POST /predict", 80], [
    "GET /runs",
    1,
  ]]);
});

Deno.test("batchSize() is of the time between, and unknown where no batch was computed", () => {
  const figures = new HttpMetrics();
  const before = scrape(0, figures, 10, 10);
  assertEquals(batchSize(scrape(1, figures, 14, 34), before), 6);
  assertEquals(batchSize(before, before), undefined);
});

Deno.test("earlier() is old enough, or as old as there is", () => {
  const history = [1, 3, 5, 7].map((at) => scrape(at, new HttpMetrics()));
  assertEquals([earlier(history, 8, 4)?.at, earlier(history, 8, 60)?.at, earlier([], 8, 4)], [3, 1, undefined]);
});
