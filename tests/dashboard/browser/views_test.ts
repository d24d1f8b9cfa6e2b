/** Tests the views besides the first one: errors and data, runs to show and compare, the machinery, the service. */
import { assert, assertEquals } from "@std/assert";
import { LABELS } from "../../finished_run.ts";
import { browserTest, shows, showsPoints } from "./browser.ts";
import { finishedTextRun, textRun, tokenRun } from "./fake_runs.ts";
import { at, EPOCH } from "./trained_run.ts";

browserTest("dashboard shows statistics of the data while a run trains, and the evaluation after its end", () => [
  textRun(40),
], async (page, [run]) => {
  assert(run);
  await page.getByRole("link", { name: "Errors & data" }).click();
  await shows(page, "#data", "3,630");
  assertEquals(await page.locator("#classes tbody tr").count(), LABELS.length);
  await shows(
    page,
    "#data-warnings",
    "48 validation rows have the tokens of a training row, such as tickets.csv:65, same as tickets.csv:16",
  );
  await page.locator('#outcome[data-empty="Known when training has ended"]').waitFor();
  assertEquals(await page.locator("#mistakes").isVisible(), false);

  run.evaluation = finishedTextRun().evaluation;
  run.finish(60);
  await shows(page, "#outcome", "87.50\u00a0%");
  assertEquals(await page.locator("#outcome dt").allTextContents(), [
    ...["Accuracy", "Macro-F1", "Loss", "Calibration error"],
  ]);
  await page.locator("#outcome .choice").getByText("validation").click();
  assertEquals(await page.locator("#outcome tbody tr").allTextContents(), [
    "LSTM85.75\u00a0%87.50\u00a0%0.5598",
    "n-grams (baseline)87.25\u00a0%–0.3100",
    "always “account”20.00\u00a0%––",
  ]);
  const refit = "refitted to all 4,033 training and validation rows";
  await shows(page, "#model-text", `LSTM and n-grams combined, 60\u00a0% LSTM and 40\u00a0% n-grams, ${refit}`);
  // The data come after the served model.
  assertEquals(await page.locator(".evaluation h2:visible").allTextContents(), [
    ...[
      "Served model on 200 validation rows",
      "Confusion",
      "Mistakes",
      "Classes: 5",
      "Confidence",
      "Wrong labels",
      "Data",
    ],
  ]);
  const rows = await page.locator("#confusion-table tbody tr").allTextContents();
  assertEquals(rows[0], "account355");
  assertEquals(await page.locator("#confusion-table thead th").allTextContents(), LABELS);
  await shows(page, "#mistake-rows", "account predicted as billing (90.00\u00a0%)");
  await page.locator("#outcome .choice").getByText("test").click();
  await shows(page, "#outcome tbody", "86.51\u00a0%");
  await page.getByRole("link", { name: "Overview" }).click();
  await shows(page, "#loss .legend", "n-grams 0.3100");
});

browserTest("dashboard answers the first four questions without scrolling at 1280 x 900 pixels", () => [
  finishedTextRun(),
], async (page) => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole("textbox", { name: "Text" }).fill("Where is my parcel");
  await page.keyboard.press("Enter");
  await page.locator("#worst-mistakes li").nth(2).waitFor();
  for (
    const selector of [
      "#accuracy-now",
      "#quality-rows",
      "#left",
      "#done",
      "#worst li",
      "#confusion-table",
      "#label",
      "#bars",
    ]
  ) {
    const box = await page.locator(selector).first().boundingBox();
    assert(box && box.y >= 0 && box.y + box.height <= 900, `${selector} is at ${JSON.stringify(box)}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const order = ["#accuracy-now", "#left", "#sample", "#worst"];
  const places = await Promise.all(order.map(async (selector) => (await page.locator(selector).boundingBox())?.y ?? 0));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assert(places[2]! < 844, `The box for a text is at ${places[2]}`);
});

browserTest("dashboard predicts each line of a text, lists earlier answers, and refuses an empty text", () => [
  textRun(40),
], async (page) => {
  const box = page.getByRole("textbox", { name: "Text" });
  await page.getByRole("button", { name: "Predict" }).click();
  await shows(page, "#predict-error", "Type a text first");
  await box.fill("my parcel\nrefund please");
  await page.getByLabel("Each line is a text of its own").check();
  await box.press("Enter");
  await page.locator("#answers li").nth(1).waitFor();
  assertEquals(await page.locator("#answers .pair").allTextContents(), ["my parcel", "refund please"]);
  await box.fill("crash");
  await box.press("Enter");
  await shows(page, "#label", "billing");
  await page.locator("#earlier button").first().click();
  assertEquals(await box.inputValue(), "my parcel\nrefund please");
});

browserTest("dashboard has a field for each column, with missing values and errors at the field", () => {
  const run = textRun(40);
  const values = [{ value: "CH", rows: 9 }, { value: "DE", rows: 4 }];
  const counts = { values, missing: 0, distinct: 2, unknown: 0 };
  const columns = [{ name: "amount", kind: "number", ...counts }, {
    name: "country",
    kind: "category",
    ...counts,
  }] as const;
  run.readFiles({ ...run.data!, columns: [...columns] });
  return [run];
}, async (page) => {
  const subject = page.getByRole("textbox", { name: "subject" });
  await subject.fill("x".repeat(70_000));
  await subject.press("Enter");
  await shows(page, "#sample-0-hint .error", "subject has more than 65,536 characters");
  assertEquals(await subject.getAttribute("aria-invalid"), "true");
  await subject.fill("my parcel");
  await page.getByRole("combobox", { name: "country" }).fill("CH");
  await page.keyboard.press("Enter");
  await shows(page, "#label", "bug");
  assertEquals(await page.locator("[aria-invalid]").count(), 0);
  assertEquals(await page.locator("#sample-2-list option").count(), 2);
  const copied = await page.locator(".copies button").first().getAttribute("title");
  assert(copied?.endsWith(`-d '{"subject":"my parcel","amount":null,"country":"CH"}'`), copied ?? "");
  await page.getByRole("spinbutton", { name: "amount" }).fill("12.5");
  await page.getByRole("button", { name: "Predict" }).click();
  await page.getByRole("button", { name: "my parcel | CH" }).click();
  assertEquals(await page.getByRole("spinbutton", { name: "amount" }).inputValue(), "");
}, /status of 400/);

browserTest("the documentation of routes sends requests, with parameters and a body, and shows the answers", () => [
  textRun(40),
], async (page) => {
  await page.goto(new URL("/docs", page.url()).href);
  const route = (name: string) => page.locator("#routes section > details", { hasText: name }).first();
  const predict = route("POST /predict");
  await predict.locator("summary").first().click();
  await predict.getByLabel("Body").fill('{"text": "refund please"}');
  await predict.getByRole("button", { name: "Send" }).click();
  await predict.locator("form pre", { hasText: /^200[^]*"label": "bug"/ }).waitFor();
  const one = route("GET /runs/{id} ");
  await one.locator("summary").first().click();
  await one.getByLabel("id").fill("nowhere");
  await one.getByRole("button", { name: "Send" }).click();
  await one.locator("form pre", { hasText: /^404/ }).waitFor();
  assertEquals(await route("GET /events").locator("form").count(), 0);
}, /status of 404/);

browserTest("dashboard shows the mistakes of a cell of the confusion matrix, or of a class", () => [
  finishedTextRun(),
], async (page) => {
  await page.getByRole("link", { name: "Errors & data" }).click();
  await page.locator("#confusion-table button").nth(1).click();
  await shows(page, "#mistakes-note", "3 of 5 mistakes, the most confident first");
  const selected = (key: string) => page.locator(`#mistake-${key}`).inputValue();
  assertEquals([await selected("label"), await selected("given")], ["billing", "bug"]);
  assertEquals(await page.locator("#mistake-rows li").count(), 3);
  await page.locator("#mistake-label").selectOption("");
  await page.locator("#mistake-given").selectOption("billing");
  await shows(page, "#mistakes-note", "Shaded words speak for the wrong answer");
  // The predictor gives this one its wrong label, as one of its words is known.
  await shows(page, "#mistake-rows .reason", "Pleas");
  await page.locator("#mistake-given").selectOption("");
  await page.locator("#mistake-label").selectOption("account");
  await shows(page, "#mistakes-note", "5 mistakes, the most confident first");
  await page.locator("#confusion-table button").first().click();
  assertEquals(await page.locator("#confusion-table [aria-pressed=true]").count(), 1);
  await page.locator("#confusion-table button").first().click();
  await shows(page, "#mistakes-note", "8 of 25 mistakes");
  await page.getByRole("button", { name: "precision" }).click();
  assertEquals(await page.locator("[aria-sort]").getAttribute("aria-sort"), "descending");
  await page.locator("#threshold").fill("80");
  await shows(page, "#threshold-facts", "Coverage21.50\u00a0%of the rows are answeredPrecision100.00\u00a0%");
});

browserTest(
  "dashboard zooms into a part of the curves, saves them, and returns to all steps",
  () => [tokenRun(60)],
  async (page) => {
    await showsPoints(page, 60);
    const plot = page.locator("#loss .u-over");
    const { x, y, width } = (await plot.boundingBox())!;
    await page.mouse.move(x + 0.3 * width, y + 40);
    await page.mouse.down();
    await page.mouse.move(x + 0.7 * width, y + 40, { steps: 4 });
    await page.mouse.up();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV" }).click(),
    ]);
    assert(file.suggestedFilename().endsWith(".csv"));
    await page.getByRole("button", { name: "All steps" }).click();
    await page.getByRole("button", { name: "All steps" }).waitFor({ state: "detached" });
  },
);

browserTest("dashboard predicts a text, and reports unknown tokens and a cut text", () => [
  textRun(40),
], async (page) => {
  await shows(page, "#sample-hint", "Reads up to 22 tokens. Answers: account, billing, bug, feature, shipping.");
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

browserTest("dashboard lists runs, shows a chosen one, and returns to the server's run", () => [
  tokenRun(30, "newest-run"),
  finishedTextRun(LABELS, "older-run"),
], async (page, runs) => {
  await page.getByRole("link", { name: "Runs" }).click();
  await shows(page, "#run-list tbody", "running · here");
  await page.getByRole("link", { name: "older-run" }).click();
  await shows(page, "#run", "older-run");
  await showsPoints(page, 180);
  assertEquals(new URL(page.url()).search, "?run=older-run");
  await shows(page, "#served", "This server answers with run newest-run");
  await shows(page, "#try code", "deno task serve older-run");
  // Events of the server's own run do not change this one.
  runs[0]?.train(31, 50);
  await page.getByRole("link", { name: "Errors & data" }).click();
  await shows(page, "#outcome", "87.50\u00a0%");
  await page.reload();
  await shows(page, "#run", "older-run");
  await shows(page, "#confusion-table", "billing");
  await page.getByRole("link", { name: "Follow the server's run" }).click();
  await shows(page, "#run", "newest-run");
  await showsPoints(page, 50);
  assertEquals(await page.getByRole("link", { name: "Follow the server's run" }).isVisible(), false);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator("#predict-form").waitFor();
  await page.goBack();
  await page.goBack();
  await shows(page, "#run", "older-run");
});

browserTest(
  "dashboard compares up to five runs, by step and by time, with the keyboard only",
  () => Array.from({ length: 7 }, (_, at) => tokenRun((2 + at) * EPOCH, `run-${at}`)),
  async (page) => {
    await page.getByRole("link", { name: "Runs" }).click();
    await shows(page, "#picked", "1 of at most 5 compared");
    for (const number of [2, 3, 4, 5]) {
      await page.getByRole("checkbox", { name: `Compare run-${number}` }).focus();
      await page.keyboard.press("Space");
      await shows(page, "#picked", `${number} of at most 5 compared`);
      // The list was rebuilt and kept the focus.
      assertEquals(await page.evaluate("document.activeElement.id"), `pick-run-${number}`);
    }
    assertEquals(await page.getByRole("checkbox", { name: "Compare run-6" }).isDisabled(), true);
    const legend = page.locator("#compare-loss .legend li");
    await legend.nth(4).filter({ hasText: /run-5 0\.\d+/ }).waitFor();
    assertEquals(await legend.count(), 5);
    assertEquals(await page.locator("#compare-loss").getAttribute("data-empty"), "");
    assertEquals(new URL(page.url()).searchParams.get("compare"), "run-0,run-2,run-3,run-4,run-5");
    await page.locator("#compare-accuracy .choice").getByText("time").click();
    await page.getByRole("checkbox", { name: "Compare run-0" }).uncheck();
    await shows(page, "#picked", "4 of at most 5 compared");
    assertEquals(await page.getByRole("checkbox", { name: "Compare run-6" }).isDisabled(), false);
    await page.getByLabel("Find").fill("run-6");
    await page.locator("#run-list tbody tr").nth(1).waitFor({ state: "detached" });
    assertEquals(await page.locator("#run-list tbody tr").count(), 1);
  },
);

browserTest("dashboard shows what differs between two runs of an address: config, results, classes", () => [
  ...Array.from({ length: 30 }, (_, at) => tokenRun(1, `newer-${at}`)),
  finishedTextRun(LABELS, "one-run"),
  finishedTextRun(LABELS, "other-run"),
], async (page, runs) => {
  const other = runs.at(-1)!;
  other.config = { ...other.config, hidden: 77 };
  await page.goto(new URL("/?compare=one-run,other-run#runs", page.url()).href);
  await shows(page, "#differences", "hidden6477");
  await shows(page, "#results", "validation accuracy95.27\u00a0%95.27\u00a0%");
  await shows(page, "#class-differences", "billing0.87500.8750");
  await shows(page, "#compare-loss .legend", "other-run 0.0");
});

browserTest("dashboard shows the service's metrics, which change with its requests", () => [
  tokenRun(20),
], async (page) => {
  await page.getByRole("link", { name: "Service" }).click();
  await shows(page, "#streams-now", "1");
  await shows(page, "#queue-now", "3");
  const data = { tokens: [1, 2, 3, 4, 5, 6, 7, 8] };
  for (let request = 0; request < 12; request++) {
    await page.request.post(new URL("/predict", page.url()).href, { data });
  }
  await page.locator("#routes tbody tr", { hasText: /POST \/predict12/ }).waitFor();
  await page.locator("#latency-now", { hasText: /ms$/ }).waitFor();
  assertEquals((await page.locator("#routes tbody").textContent())?.includes("/activity"), false);
});

browserTest("dashboard lists only incidents if asked", () => [tokenRun(70)], async (page, [run]) => {
  await page.getByRole("link", { name: "System" }).click();
  run?.record({ type: "incident", message: "Worker 2 was lost and replaced" }, at(71));
  await shows(page, "#notes", "Worker 2 was lost and replaced");
  await shows(page, "#timeline .switch", "incidents only (1)");
  await page.getByLabel("incidents only").check();
  await page.locator("#notes li").nth(1).waitFor({ state: "detached" });
  assertEquals(await page.locator("#notes .what").allTextContents(), ["Worker 2 was lost and replaced"]);
});
