/** What the page shows beside training: data and judgement, texts, runs to choose and compare, the service. */
import { assert, assertEquals } from "@std/assert";
import { LABELS } from "../../judged.ts";
import { browserTest, shows, showsPoints } from "./browser.ts";
import { finishedTextRun, textRun, tokenRun } from "./fake_runs.ts";
import { at, EPOCH } from "./trained_run.ts";

browserTest("dashboard shows what the data are while a run trains, and the judgement once it has ended", () => [
  textRun(40),
], async (page, [run]) => {
  assert(run);
  await page.getByRole("link", { name: "Data & errors" }).click();
  await shows(page, "#data-parts", "3,630");
  assertEquals(await page.locator("#data-classes tr").count(), LABELS.length);
  await shows(
    page,
    "#data-odd",
    "48 validation rows are among the training rows, such as tickets.csv:65 and tickets.csv:16",
  );
  await page.locator('#confusion[data-empty="When training has ended"]').waitFor();

  run.evaluation = finishedTextRun().evaluation;
  run.finish(60);
  await shows(page, "#figure-rows", "87.50\u00a0%");
  assertEquals(await page.locator("#figure-rows tr").first().locator("td").allTextContents(), [
    "87.50\u00a0%",
    "85.75\u00a0%",
    "87.25\u00a0%",
  ]);
  assertEquals(await page.locator("#figure-head th").allTextContents(), ["served", "LSTM", "n-grams"]);
  await shows(page, "#figure-shares", "Served is the mean of both: LSTM 60\u00a0%, n-grams 40\u00a0%");
  const rows = await page.locator("#confusion-table tbody tr").allTextContents();
  assertEquals(rows[0], "account355···");
  assertEquals(await page.locator("#confusion-table thead th").allTextContents(), LABELS);
  await shows(page, "#mistake-rows", "is account · given billing · 90.00\u00a0% sure");
  await page.locator("#judged-by").getByText("test").click();
  await shows(page, "#figure-rows", "86.51\u00a0%");
  await page.getByRole("link", { name: "Training" }).click();
  await shows(page, "#loss .legend", "n-grams 0.3100");
});

browserTest("dashboard takes a text where the model does, and says what is unknown or cut", () => [
  textRun(40),
], async (page) => {
  await shows(page, "#sample-hint", "up to 22 tokens are read → account or billing or bug or feature or shipping");
  assertEquals(await page.getByRole("button", { name: "Random" }).isVisible(), false);
  const box = page.getByRole("textbox", { name: "Text" });
  await box.fill("Where is my parcel");
  await box.press("Enter");
  await shows(page, "#label", "bug");
  assertEquals(await page.locator("#flags li").allTextContents(), ["50\u00a0% of its tokens are unknown"]);
  assertEquals(await page.locator("#bars li").count(), 5);
  await box.fill("parcel ".repeat(30));
  await box.press("Enter");
  await shows(page, "#label", "shipping");
  assertEquals(await page.locator("#flags li").allTextContents(), ["cut: 22 tokens are read"]);
});

browserTest("dashboard lists runs, shows the one that is chosen, and goes back to the newest", () => [
  tokenRun(30, "newest-run"),
  finishedTextRun(LABELS, "older-run"),
], async (page, runs) => {
  await page.getByRole("link", { name: "Runs" }).click();
  await shows(page, "#run-rows", "running · here");
  await page.getByRole("link", { name: "older-run" }).click();
  await shows(page, "#run", "older-run");
  await showsPoints(page, 180);
  assertEquals(new URL(page.url()).search, "?run=older-run");
  await shows(page, "#served", "Run newest-run answers");
  // What the server's own run does from here on is not this one's.
  runs[0]?.train(31, 50);
  await page.getByRole("link", { name: "Data & errors" }).click();
  await shows(page, "#figure-rows", "87.50\u00a0%");
  await page.reload();
  await shows(page, "#run", "older-run");
  await shows(page, "#confusion-table", "billing");
  await page.getByRole("link", { name: "Follow the newest" }).click();
  await shows(page, "#run", "newest-run");
  await showsPoints(page, 50);
  assertEquals(await page.getByRole("link", { name: "Follow the newest" }).isVisible(), false);
  await page.getByRole("link", { name: "Training" }).click();
  await page.locator("#served").waitFor({ state: "hidden" });
  await page.goBack();
  await page.goBack();
  await shows(page, "#run", "older-run");
});

browserTest(
  "dashboard compares up to five runs, by step and by time, by keyboard alone",
  () => Array.from({ length: 7 }, (_, at) => tokenRun((2 + at) * EPOCH, `run-${at}`)),
  async (page) => {
    await page.getByRole("link", { name: "Runs" }).click();
    await shows(page, "#picked", "1 of at most 5 compared");
    for (const number of [2, 3, 4, 5]) {
      await page.getByRole("checkbox", { name: `Compare run-${number}` }).focus();
      await page.keyboard.press("Space");
      await shows(page, "#picked", `${number} of at most 5 compared`);
      // The list was written again: who goes through it by keyboard is where he was.
      assertEquals(await page.evaluate("document.activeElement.id"), `pick-run-${number}`);
    }
    assertEquals(await page.getByRole("checkbox", { name: "Compare run-6" }).isDisabled(), true);
    const legend = page.locator("#compare-loss .legend li");
    await legend.nth(4).filter({ hasText: /run-5 0\.\d+/ }).waitFor();
    assertEquals(await legend.count(), 5);
    assertEquals(await page.locator("#compare-loss").getAttribute("data-empty"), "");
    await page.locator(".top .axis").getByText("time").click();
    await page.getByRole("checkbox", { name: "Compare run-0" }).uncheck();
    await shows(page, "#picked", "4 of at most 5 compared");
    assertEquals(await page.getByRole("checkbox", { name: "Compare run-6" }).isDisabled(), false);
    await page.getByLabel("Find").fill("run-6");
    await page.locator("#run-rows tr").nth(1).waitFor({ state: "detached" });
    assertEquals(await page.locator("#run-rows tr").count(), 1);
  },
);

browserTest("dashboard shows the service's figures, which follow what is asked of it", () => [
  tokenRun(20),
], async (page) => {
  await page.getByRole("link", { name: "Service" }).click();
  await shows(page, "#streams-now", "1");
  await shows(page, "#queue-now", "3");
  const data = { tokens: [1, 2, 3, 4, 5, 6, 7, 8] };
  for (let asked = 0; asked < 12; asked++) await page.request.post(new URL("/predict", page.url()).href, { data });
  await page.locator("#route-rows tr", { hasText: /POST \/predict12/ }).waitFor();
  await page.locator("#latency-now", { hasText: /ms$/ }).waitFor();
  assertEquals((await page.locator("#route-rows").textContent())?.includes("/metrics"), false);
});

browserTest("dashboard tells incidents from the rest of what happened", () => [tokenRun(70)], async (page, [run]) => {
  run?.record({ type: "incident", message: "Worker 2 was lost and replaced" }, at(71));
  await shows(page, "#notes", "Worker 2 was lost and replaced");
  await shows(page, "#incidents-many", "incidents only (1)");
  await page.getByLabel("incidents only").check();
  await page.locator("#notes li").nth(1).waitFor({ state: "detached" });
  assertEquals(await page.locator("#notes .what").allTextContents(), ["Worker 2 was lost and replaced"]);
  assertEquals(await page.locator("#strip .bad").count(), 1);
});
