import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest, serve, shows, showsEvent, showsPoints } from "./browser.ts";
import { DIGEST } from "./fake_predictors.ts";
import { at, finishedEvent, TrainedRun } from "./trained_run.ts";

function trained(points: number, id = "2026-01-02-parity-7f3a"): TrainedRun {
  const run = new TrainedRun(id);
  if (points > 0) run.train(1, points);
  return run;
}

/** Returns the run of a test that has one run. */
function only(runs: readonly TrainedRun[]): TrainedRun {
  const [run] = runs;
  assert(run);
  return run;
}

browserTest(
  "dashboard shows the history when it is opened, and every event after it",
  () => [trained(60)],
  async (page, runs) => {
    const run = only(runs);
    await showsPoints(page, 60);
    await shows(page, "#run", run.id);
    await shows(page, "#state", "running");
    await shows(page, "#accuracy-now", "52.68\u00a0%");
    await shows(page, "#loss .legend", "training 0.6");
    await shows(page, "#epoch-now", "3 of 50");
    await shows(page, "#epoch-note", "round 120");
    // 940 steps are left, and 120 steps took 24 s.
    await shows(page, "#left", "12\u00a0% · 2:56 left");
    await page.getByRole("link", { name: "System" }).click();
    await shows(page, "#notes", "Checkpoint at round 120");
    assertEquals(await page.locator("#workers tbody tr").count(), 4);
    await page.getByRole("link", { name: "Overview" }).click();

    run.train(61, 280);
    await showsPoints(page, 280);
    await shows(page, "#accuracy-now", "99.71\u00a0%");
    await shows(page, "#epoch-now", "14 of 50");
    await page.getByRole("link", { name: "System" }).click();
    await shows(page, "#digest-text", DIGEST.slice(0, 12));
    await page.locator("#digest").click();
    await shows(page, ".copied", "copied");

    run.record({ type: "stopping", reason: "the target was reached" }, at(280));
    await shows(page, "#state", "stopping");
    run.record(finishedEvent(run.id, 280), at(281));
    await shows(page, "#state", "finished");
    await page.getByRole("link", { name: "Overview" }).click();
    await shows(page, "#rate-now", "8,321");
    await shows(page, "#left", "Done");
    // The page closed the stream and did not reconnect.
    assertEquals(run.starts, [0]);
  },
);

/** Makes a run that was stopped after `points`. */
function stopped(points: number): TrainedRun {
  const run = trained(points);
  const { summary } = finishedEvent(run.id, points);
  run.record({ type: "finished", summary: { ...summary, reason: "asked to stop" } }, at(points + 1));
  return run;
}

browserTest(
  "dashboard shows the steps of a stopped run, not a complete one",
  () => [stopped(60)],
  async (page) => {
    await shows(page, "#state", "stopped");
    assertEquals(await page.evaluate(`document.getElementById("done").value`), 120);
    await shows(page, "#banner", "Stopped: asked to stop. Continue with");
    await shows(page, "#banner code", "deno task resume 2026-01-02-parity-7f3a");
  },
);

browserTest(
  "dashboard follows a resumed run past its earlier end, in one stream",
  () => {
    const run = stopped(60);
    run.record({ type: "resumed", round: 120, step: 120, workers: 4, digest: DIGEST }, at(100));
    run.train(61, 70);
    return [run];
  },
  async (page, runs) => {
    const run = only(runs);
    await showsPoints(page, 70);
    await shows(page, "#state", "running");
    run.record(finishedEvent(run.id, 70), at(171));
    await shows(page, "#state", "finished");
    assertEquals(run.starts, [0]);
  },
);

browserTest(
  "dashboard waits for the first round, and nothing moves when it comes",
  () => [trained(0)],
  async (page, runs) => {
    await shows(page, "#state", "waiting");
    assertEquals(await page.locator("#loss").getAttribute("data-empty"), "Waiting for the first round");
    await page.evaluate(`
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: "layout-shift" });
  `);
    only(runs).train(1, 100);
    await showsPoints(page, 100);
    await page.locator('#loss[data-empty=""]').waitFor();
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    const shift = await page.evaluate("window.shift");
    assertLessOrEqual(Number(shift), 0.02);
  },
);

browserTest(
  "dashboard shows a prediction with its bars, and the server's own words when it refuses",
  () => [trained(20)],
  async (page) => {
    await page.locator("#sample-hint", { hasText: "8 tokens from 0 to 49" }).waitFor();
    const filled = await page.locator("#sample").inputValue();
    assertEquals(filled.split(" ").length, 8);
    await page.locator("#sample").fill("1, 2, 3, 4, 5, 6, 7, 8");
    await page.locator("#sample").press("Enter");
    await shows(page, "#label", "odd");
    await shows(page, "#class", "class 0 · 96.14\u00a0%");
    assertEquals(await page.locator("#bars li").allTextContents(), ["odd96.14\u00a0%", "even3.86\u00a0%"]);
    await shows(page, "#source", `round 560 · ${DIGEST.slice(0, 12)}`);

    await page.locator("#sample").fill("1 2 three");
    await page.getByRole("button", { name: "Predict" }).click();
    await shows(page, "#predict-error", "tokens");
    const said = await page.locator("#predict-error").textContent();
    const answer = await page.request.post(new URL("/predict", page.url()).href, { data: { tokens: [1, 2, "three"] } });
    assertEquals(said, (await answer.json()).detail);
    assertEquals(await page.locator("#bars").isVisible(), false);

    await page.getByRole("button", { name: "Random" }).click();
    await page.locator("#bars").waitFor();
    assertEquals(await page.locator("#predict-error").isVisible(), false);
  },
  // The browser logs the refused request.
  /status of 400/,
);

browserTest(
  "dashboard shows none of these for a rejected prediction, and which probability it needs",
  () => [trained(20)],
  async (page) => {
    const predict = async (tokens: string) => {
      await page.locator("#sample").fill(tokens);
      await page.locator("#sample").press("Enter");
    };
    await page.locator("#sample-hint", { hasText: "8 tokens from 0 to 49" }).waitFor();
    await predict("7 7 7 7 7 7 7 7");
    await shows(page, "#label", "none of these");
    await shows(page, "#class", "most probable: even · 55.62\u00a0%, less than 90.00\u00a0%");
    assertEquals(await page.locator("#bars li").allTextContents(), ["odd44.38\u00a0%", "even55.62\u00a0%"]);
    assertEquals(await page.locator("#bars .chosen").count(), 0);

    await predict("7 7 7 7 7 7 7 9");
    await shows(page, "#label", "even");
    await shows(page, "#class", "class 1 · 97.87\u00a0%");
    assertEquals(await page.locator("#bars .chosen").count(), 1);
  },
);

browserTest(
  "dashboard continues without missing or duplicate points when its stream is cut",
  () => [trained(40)],
  async (page, runs) => {
    const run = only(runs);
    await showsPoints(page, 40);
    const had = run.events.length;
    run.cut();
    run.train(41, 75);
    await showsPoints(page, 75);
    assertEquals(run.starts, [0, had]);
    run.cut();
    run.train(76, 77);
    await showsPoints(page, 77);
    await shows(page, "#state", "running");
    await showsEvent(page, run.events.length);
  },
);

browserTest(
  "dashboard survives a restart of the server, and follows a newer run",
  () => [trained(40)],
  async (page, runs, server) => {
    const run = only(runs);
    await showsPoints(page, 40);
    await server.close();
    await shows(page, "#banner", `Run ${run.id} was last seen in epoch 2 of 50`);
    await shows(page, "#state", "reconnecting");
    run.train(41, 50);
    const second = serve(runs, server.port);
    await showsPoints(page, 50);
    await shows(page, "#state", "running");
    await second.close();
    const third = serve([trained(20, "a-newer-run"), run], server.port);
    await shows(page, "#run", "a-newer-run");
    await showsPoints(page, 20);
    return third;
  },
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/,
);

browserTest(
  "dashboard draws a history of 20,000 events without keeping them all",
  () => [trained(19_000)],
  async (page, runs) => {
    await showsPoints(page, 19_000);
    await showsEvent(page, only(runs).events.length);
    const rows = Number(await page.locator("#page").getAttribute("data-rows"));
    assert(rows > 2000 && rows <= 5000, `${rows} rows`);
  },
);

/** Writes a screenshot to the folder in LOCKSTEP_SCREENSHOTS, if it is set. */
async function screenshot(page: Page, name: string, fullPage: boolean): Promise<void> {
  const folder = Deno.env.get("LOCKSTEP_SCREENSHOTS");
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage });
}

browserTest("dashboard fits wide and narrow screens in both colour schemes", () => [trained(230)], async (page) => {
  await showsPoints(page, 230);
  await page.getByRole("button", { name: "Random" }).click();
  await page.locator("#bars").waitFor();
  for (const [width, height] of [[1280, 800], [900, 1000], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      // The first frame computes the layout, the second one draws the charts in their new size.
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
      await screenshot(page, `${width}x${height}-${colorScheme}`, width < 1280);
    }
  }
});

browserTest(
  "dashboard waits while the server reads its data, and then shows the run by itself",
  () => [trained(20)],
  async (page) => {
    await page.route("**/runs?*", (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        json: { errors: [{ field: "ready", message: "1,234 rows of its data read: retry" }] },
      }));
    await page.reload();
    await shows(page, "#banner", "The server reads the data");
    await shows(page, "#banner", "1,234 rows of its data read.");
    await shows(page, "#state", "preparing");
    await page.unroute("**/runs?*");
    await showsPoints(page, 20);
    await page.locator("#banner").waitFor({ state: "detached" });
  },
  /status of 503/,
);
