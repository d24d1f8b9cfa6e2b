/**
 * Checks every state of the page in both colour schemes, wide and narrow: axe-core finds no violation of WCAG 2.1 A and
 * AA, and the page is not wider than the screen. Writes screenshots to the folder in LOCKSTEP_SCREENSHOTS, if it is set.
 */
import { assertEquals } from "@std/assert";
import axe from "npm:axe-core@4.14.1/axe.min.js" with { type: "text" };
import type { Page } from "playwright-core";
import { examinationOf, LABELS } from "../../finished_run.ts";
import type { ModelInfo } from "../../../lib/predict/types.ts";
import { browserTest, type Server, shows } from "./browser.ts";
import { FakeLabelling } from "../fake_labelling.ts";
import { failedRun, finishedTextRun, longLabels, refusedRun, textRun, tokenRun, waitingRun } from "./fake_runs.ts";
import { at, EPOCH, TrainedRun } from "./trained_run.ts";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Rules by scheme. The schemes differ only in colours, so the second one is checked only for contrast. */
const RULES = { light: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], dark: ["color-contrast"] } as const;

async function violations(page: Page, scheme: keyof typeof RULES): Promise<string[]> {
  const options = JSON.stringify({ runOnly: RULES[scheme], resultTypes: ["violations"] });
  const found: Violation[] = await page.evaluate(`axe.run(${options}).then(({ violations }) => violations)`);
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}

async function ask(page: Page, text: string): Promise<void> {
  await page.locator("#sample").fill(text);
  await page.getByRole("button", { name: "Predict" }).click();
  await page.locator("#bars").waitFor();
}

async function pick(page: Page): Promise<void> {
  await page.locator("#run-list tbody tr").nth(5).waitFor();
  for (const row of [1, 2, 3, 4]) await page.locator("#run-list tbody input").nth(row).check();
  await page.locator('#compare-loss[data-empty=""]').waitFor();
}

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => tokenRun(3 * EPOCH + at, `20260102-03040${at % 10}-r${at}`));

const STATES: readonly {
  readonly name: string;
  readonly runs: () => TrainedRun[];
  readonly view?: string;
  readonly prepare: (page: Page, runs: TrainedRun[], server: Server) => Promise<unknown>;
  /** Matches errors that the browser may log. */
  readonly expected?: RegExp;
  /** The model takes examples by it. */
  readonly labelling?: () => FakeLabelling;
  readonly model?: Partial<ModelInfo>;
}[] = [
  { name: "without a run", runs: () => [], prepare: (page) => shows(page, "#state", "no run") },
  { name: "waiting", runs: () => [tokenRun(0)], prepare: (page) => shows(page, "#state", "waiting") },
  {
    name: "training on tokens",
    runs: () => [tokenRun(150)],
    prepare: (page) => ask(page, "1 2 3 4 5 6 7 8"),
  },
  {
    name: "training on text",
    runs: () => [textRun(70)],
    prepare: (page) => ask(page, "where is my parcel"),
  },
  {
    name: "another run",
    runs: () => [tokenRun(40), finishedTextRun(LABELS, "older-run")],
    view: "runs",
    prepare: async (page) => {
      await page.getByRole("link", { name: "older-run" }).click();
      await shows(page, "#state", "finished");
    },
  },
  { name: "failed", runs: () => [failedRun()], prepare: (page) => shows(page, "#state", "failed") },
  {
    name: "finished on text with many classes",
    runs: () => [finishedTextRun(longLabels(40))],
    prepare: (page) => ask(page, "my parcel ".repeat(20)),
  },
  {
    name: "evaluation",
    runs: () => [finishedTextRun()],
    view: "evaluation",
    prepare: (page) => shows(page, "#confusion-table", "billing"),
  },
  {
    name: "wrong labels",
    runs: () => {
      const run = finishedTextRun();
      const result = examinationOf(LABELS);
      run.labels = { state: "running", progress: 0.4, mayStart: true, result, rows: "suspects.csv" };
      return [run];
    },
    view: "evaluation",
    prepare: (page) => shows(page, "#wrong-labels", "tickets.csv:431"),
  },
  {
    name: "evaluation of 20 classes",
    runs: () => [finishedTextRun(longLabels(20))],
    view: "evaluation",
    prepare: (page) => shows(page, "#confusion-table", "category"),
  },
  {
    name: "evaluation of 200 classes",
    runs: () => [finishedTextRun(longLabels(200))],
    view: "evaluation",
    prepare: (page) => shows(page, "#confusion-table", "category"),
  },
  {
    name: "a run that does not exist",
    runs: () => [tokenRun(20)],
    prepare: async (page) => {
      await page.goto(new URL("/?run=nowhere", page.url()).href);
      await shows(page, "#banner", "There is no run");
    },
    expected: /status of 404/,
  },
  {
    name: "a finished run of a server that is gone",
    runs: () => [finishedTextRun()],
    prepare: async (page, _runs, server) => {
      await shows(page, "#worst-mistakes", "predicted as");
      await server.close();
      await shows(page, "#banner", "The server does not answer");
    },
    expected: /ERR_CONNECTION_REFUSED/,
  },
  {
    name: "evaluation of a run on tokens",
    runs: () => [tokenRun(20)],
    view: "evaluation",
    prepare: (page) => page.locator('#data[data-empty^="This run trains on generated data"]').waitFor(),
  },
  { name: "runs", runs: () => [finishedTextRun(), failedRun(), ...many(30)], view: "runs", prepare: pick },
  {
    name: "notes of a run",
    runs: () => [finishedTextRun(LABELS, "named-run")],
    view: "runs",
    prepare: async (page, [run]) => {
      run!.notes = { name: "n".repeat(100), tags: ["a tag", "another"], note: "long ".repeat(100) };
      await page.locator("summary", { hasText: "Columns" }).click();
      await page.getByRole("button", { name: "Edit named-run" }).click();
      await page.getByRole("textbox", { name: "Note" }).waitFor();
    },
  },
  {
    name: "the form for a new run",
    runs: () => [waitingRun(), refusedRun(), finishedTextRun()],
    view: "runs",
    prepare: async (page) => {
      await shows(page, "#run-list tbody", "queued · 2");
      await page.getByRole("button", { name: "New run" }).click();
      await page.locator("#new-data-list option").waitFor({ state: "attached" });
      await page.getByRole("combobox", { name: "Data" }).fill("tickets.csv");
      await shows(page, "#new-preview", "where is my parcel");
      await page.getByText("All other options").click();
      await page.locator("#new-patience").fill("3");
      await page.getByRole("button", { name: "Start" }).click();
      await shows(page, "#new-status", "is queued");
    },
  },
  {
    name: "a confirmation",
    runs: () => [tokenRun(20), finishedTextRun(LABELS, "older-run")],
    view: "runs",
    prepare: async (page) => {
      await page.getByRole("button", { name: "Delete older-run" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "the documentation of routes",
    runs: () => [tokenRun(20)],
    prepare: async (page) => {
      await page.goto(new URL("/docs", page.url()).href);
      await page.locator("#routes section > details", { hasText: "GET /runs " }).first().locator("summary").first()
        .click();
      await page.locator("#routes details[open] details summary").first().click();
      await page.locator("#routes section > details[open] button").first().click();
      await shows(page, "#routes form pre", "200");
    },
  },
  {
    name: "a dropped stream",
    runs: () => [tokenRun(20)],
    prepare: async (page, [run], server) => {
      await shows(page, "#state", "running");
      server.drops.add({ client: "", run: run!.id, from: 0, to: run!.events.length, at: at(20) });
      run!.cut();
      await shows(page, "#notice-text", "the stream was cut");
    },
  },
  {
    name: "labels and the curve of a lineage",
    runs: () => {
      const parent = { run: "run-1", old: { rows: 160, before: 0.9, after: 0.95 } };
      return [
        finishedTextRun(LABELS, "run-2", { rows: 100, parent }),
        finishedTextRun(LABELS, "run-1", { rows: 400 }),
      ];
    },
    labelling: () => new FakeLabelling(LABELS, ["word ".repeat(2000), "unbreakable".repeat(50), "short"]),
    view: "label",
    prepare: async (page) => {
      await page.locator("#row:focus").waitFor();
      await page.keyboard.press("s");
      await page.locator("#row:focus", { hasText: "unbreakable" }).waitFor();
      await page.keyboard.press("2");
      await shows(page, "#labelled", "1");
      await page.locator('#label-curve[data-empty=""]').waitFor();
      await page.locator("#row:focus", { hasText: "short" }).waitFor();
      await page.keyboard.type("bi");
      await shows(page, "#label", "New label");
    },
  },
  {
    name: "several labels of many long ones",
    runs: () => [finishedTextRun(longLabels(40))],
    labelling: () => new FakeLabelling(longLabels(40), ["word ".repeat(2000)], { labels: [] }),
    model: { several: true },
    view: "label",
    prepare: async (page) => {
      await page.locator("#row:focus").waitFor();
      for (const key of ["1", "2"]) await page.keyboard.press(key);
      await page.locator("#label-find").fill("no such label");
      await page.keyboard.press("Enter");
      await shows(page, ".picked", "no such label");
    },
  },
  {
    name: "a text to label",
    runs: () => [finishedTextRun()],
    labelling: () => new FakeLabelling(LABELS, []),
    view: "label",
    prepare: async (page) => {
      await page.locator("#own").fill("where is my parcel");
      await page.getByRole("button", { name: "Choose its label" }).focus();
    },
  },
  {
    name: "service",
    runs: () => [tokenRun(20)],
    view: "service",
    prepare: async (page) => {
      const body = { data: { tokens: [1, 2, 3, 4, 5, 6, 7, 8] } };
      await page.locator('#service-metrics[data-empty=""]').waitFor();
      for (let request = 0; request < 20; request++) {
        await page.request.post(new URL("/predict", page.url()).href, body);
      }
      await page.locator('#service-latency[data-empty=""]').waitFor();
    },
  },
];

for (const { name, runs, view = "overview", prepare, expected, labelling, model } of STATES) {
  browserTest(
    `dashboard ${name}: accessible and as wide as the screen`,
    runs,
    async (page, given, server) => {
      await page.locator(`#to-${view}`).click();
      await prepare(page, given, server);
      await page.evaluate(axe);
      for (const [width, height] of [[1280, 900], [375, 812]] as const) {
        await page.setViewportSize({ width, height });
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          // The first frame computes the layout, the second one draws the charts in their new size.
          await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
          assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
          assertEquals(await violations(page, colorScheme), [], `${width} ${colorScheme}`);
          const folder = Deno.env.get("LOCKSTEP_SCREENSHOTS");
          const path = `${folder}/${name.replaceAll(" ", "-")}-${width}-${colorScheme}.png`;
          if (folder) await page.screenshot({ path, fullPage: true });
        }
      }
    },
    expected,
    () => ({ labelling: labelling?.(), model }),
  );
}
