/** Runs tests in a headless browser against a real server with the real app, and fails on errors in either. */
import { executableAbsence, optionalTest } from "../../optional.ts";
import { assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Labelling } from "../../../lib/predict/labelling.ts";
import { DEFAULT_NAME, ServedModels } from "../../../lib/predict/served_models.ts";
import type { ModelInfo } from "../../../lib/predict/types.ts";
import { createApp } from "../../../lib/serve/app.ts";
import type { Drops } from "../../../lib/serve/metrics.ts";
import { HttpMetrics } from "../../../lib/serve/metrics.ts";
import { dashboardAssets } from "../../../dashboard/assets.ts";
import { type FakeRun, fakeRuns, fakeServices } from "../../serve/fakes.ts";
import { parityPredictor, textPredictor } from "./fake_predictors.ts";
import type { TrainedRun } from "./trained_run.ts";
import { PATIENCE_MS } from "../../patience.ts";

export const CHROMIUM = "/usr/bin/chromium";
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Server {
  readonly port: number;
  /** Streams that were cut because their clients did not read. Clients hear of it when they reconnect. */
  readonly drops: Drops;
  /** Ends the streams, then the server. */
  close(): Promise<void>;
}

interface ServerOptions {
  /** Each run answers by one of these names. */
  readonly names?: readonly string[];
  /** The first run takes examples by it. */
  readonly labelling?: Labelling | undefined;
  /** Changes the only model. */
  readonly model?: Partial<ModelInfo> | undefined;
  readonly token?: string;
  readonly labelToken?: string;
}

/** Serves `runs`, newest first, on `port` (0 for any free one), as a process that trains or as one that only serves. */
export function serve(
  runs: FakeRun[],
  port = 0,
  trains = true,
  { names = [], labelling, model = {}, ...tokens }: ServerOptions = {},
): Server {
  const shutdown = new AbortController();
  const metrics = new HttpMetrics();
  const failures: unknown[] = [];
  const onError = (error: unknown) => failures.push(error);
  const [first] = runs;
  const predictor = first?.data ? textPredictor(first.id, first.data, model) : parityPredictor(first?.id ?? "");
  const several = names.map((name, at) => (
    [name, { predictor: parityPredictor(runs[at]!.id), close: () => {} }] as const
  ));
  const only = [DEFAULT_NAME, { predictor, ...labelling && { labelling }, close: () => {} }] as const;
  const models = new ServedModels(names.length > 0 ? several : [only]);
  const services = fakeServices(fakeRuns(runs, trains), { models, assets: dashboardAssets() });
  const app = createApp(services, { shutdown: shutdown.signal, onError, metrics, ...tokens });
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, (request) => app.fetch(request));
  return {
    port: server.addr.port,
    drops: metrics.drops,
    async close() {
      shutdown.abort();
      await server.shutdown();
      assertEquals(failures, []);
    },
  };
}

/** Waits until the page shows `points` points. */
export async function showsPoints(page: Page, points: number): Promise<void> {
  await page.locator(`#page[data-points="${points}"]`).waitFor({ state: "attached" });
}

/** Waits until the newest event that the page shows has this id. */
export async function showsEvent(page: Page, id: number): Promise<void> {
  await page.locator(`#page[data-last-id="${id}"]`).waitFor({ state: "attached" });
}

/** Waits until an element that matches `selector` contains `text`. */
export async function shows(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector, { hasText: text }).first().waitFor({ state: "attached" });
}

/** One browser for all tests of a file. Each test has its own context, which shares nothing with others. */
let browser: Promise<Browser> | undefined;
Deno.test.afterAll(async () => await (await browser)?.close());

/**
 * Runs `body`, and repeats it if it fails after a request of a watched page failed because a network interface of the
 * machine appeared or disappeared: Chromium then drops all connections, also local ones.
 */
export async function despiteNetworkChanges(body: (watch: (page: Page) => void) => Promise<void>): Promise<void> {
  for (let attempt = 1;; attempt++) {
    let isChanged = false;
    const watch = (page: Page) =>
      void page.on("requestfailed", (request) => {
        if (request.failure()?.errorText.includes("ERR_NETWORK_CHANGED")) isChanged = true;
      });
    try {
      return await body(watch);
    } catch (error) {
      if (!isChanged || attempt === 5) throw error;
    }
  }
}

async function withPage(
  port: number,
  expected: RegExp,
  token: string | undefined,
  watch: (page: Page) => void,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS, timeout: PATIENCE_MS });
  const context = await (await browser).newContext({
    viewport: { width: 1280, height: 800 },
    ...token !== undefined && { extraHTTPHeaders: { Authorization: `Bearer ${token}` } },
  });
  try {
    await context.grantPermissions(["clipboard-write"], { origin: `http://127.0.0.1:${port}` });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    watch(page);
    const problems: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) {
        problems.push(message.text());
      }
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      if (new URL(request.url()).host !== `127.0.0.1:${port}`) problems.push(`request to ${request.url()}`);
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    await body(page);
    assertEquals(problems, []);
  } finally {
    await context.close();
  }
}

const absence = executableAbsence(CHROMIUM);

interface TestOptions extends ServerOptions {
  /** The token that the browser sends. */
  readonly own?: string;
}

/** Defines a test of a page that follows the newest of `runs`. `expected` matches errors that the browser may log. */
export function browserTest(
  name: string,
  runs: () => TrainedRun[],
  body: (page: Page, runs: TrainedRun[], server: Server) => Promise<Server | void>,
  expected = /^$/,
  options: () => TestOptions = () => ({}),
): void {
  optionalTest(absence, {
    name,
    // The driver of the browser keeps timers and pipes of its process beyond close().
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      despiteNetworkChanges(async (watch) => {
        const given = runs();
        const { own, ...served } = options();
        let server = serve(given, 0, true, served);
        try {
          await withPage(server.port, expected, own, watch, async (page) => {
            server = await body(page, given, server) ?? server;
          });
        } finally {
          await server.close();
        }
      }),
  });
}
