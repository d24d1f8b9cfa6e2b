/** Tests the actions of the page: start, pause, stop and remove runs, and turn the pages of a long list. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest, serve, shows, showsPoints } from "./browser.ts";
import { refusedRun, tokenRun, waitingRun } from "./fake_runs.ts";
import type { TrainedRun } from "./trained_run.ts";

/** Makes finished runs, newest first. */
function finished(count: number): TrainedRun[] {
  return Array.from({ length: count }, (_, at) => {
    const run = tokenRun(20, `run-${String(count - at).padStart(3, "0")}`);
    run.finish(20);
    return run;
  });
}

function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.id");
}

browserTest(
  "dashboard starts a run with the keyboard only, reports values that are refused, and removes the run from the queue",
  () => [tokenRun(20, "current-run")],
  async (page, runs) => {
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("button", { name: "New run" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("#new-data:focus").waitFor();
    await page.locator("#new-preset option", { hasText: "seed" }).waitFor({ state: "attached" });
    await page.locator("#new-epochs").fill("7");
    await page.locator("#new-hidden").fill("16");
    await page.getByLabel("Preset").selectOption("seed");
    await page.getByRole("combobox", { name: "Data" }).fill("a.csv, b.csv");
    const command = "deno task train --data a.csv --data b.csv --preset seed --epochs 7 --hidden 16";
    assertEquals(await page.locator("#new-run-form code").textContent(), command);
    await page.keyboard.press("Enter");
    await shows(page, "#new-status", "Run asked-1 is queued: place 1");
    assertEquals(await page.locator(".new-run [aria-invalid]").count(), 0);
    assertEquals(runs[0]?.queued?.config, { hidden: 16, preset: "seed", data: ["a.csv", "b.csv"], epochs: 7 });
    await shows(page, "#run-list tbody", "queued · 1");

    const cancel = page.getByRole("button", { name: "Cancel asked-1" });
    await cancel.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Remove run asked-1 from the queue?" }).waitFor();
    // Enter presses the button that changes nothing.
    assertEquals(await focused(page), "ask-no");
    await page.keyboard.press("Escape");
    assertEquals(await focused(page), "remove-asked-1");
    assertEquals(runs.length, 2);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Cancel the run" }).click();
    await shows(page, "#run-status", "Run asked-1 was cancelled");
    assertEquals(runs.map(({ id }) => id), ["current-run"]);
    await cancel.waitFor({ state: "detached" });
  },
);

browserTest(
  "dashboard shows the server's message about a refused run, and marks the fields at fault",
  () => [tokenRun(20)],
  async (page) => {
    await page.route("**/runs", (route) => {
      const errors = [
        { field: "data[1]", message: 'data[1] is "b.csv": expected a file of `dataDir`' },
        { field: "patience", message: "patience is -1: expected a whole number from 0" },
      ];
      return route.fulfill({ status: 400, contentType: "application/problem+json", json: { errors } });
    });
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("button", { name: "New run" }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await shows(page, "#new-error", "patience is -1: expected a whole number from 0");
    // The form unfolds the options that have a problem.
    await page.locator("#new-patience").waitFor();
    const invalid = await page.locator(".new-run [aria-invalid]").evaluateAll((all) => all.map(({ id }) => id));
    assertEquals([invalid, await focused(page)], [["new-data", "new-patience"], "new-data"]);
  },
  /status of 400/,
);

browserTest(
  "dashboard deletes a run after a confirmation, and never the server's own",
  () => [tokenRun(20, "current-run"), ...finished(2)],
  async (page, runs) => {
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("button", { name: "Delete run-001" }).click();
    await page.getByRole("button", { name: "No" }).click();
    assertEquals(runs.length, 3);
    await page.getByRole("button", { name: "Delete run-001" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await shows(page, "#run-status", "Run run-001 was deleted");
    assertEquals(runs.map(({ id }) => id), ["current-run", "run-002"]);
    await page.getByRole("link", { name: "run-001" }).waitFor({ state: "detached" });
    assertEquals(await page.getByRole("button", { name: /^Delete/ }).count(), 1);
  },
);

browserTest(
  "dashboard of a server that does not train has no buttons to start or remove runs",
  () => finished(2),
  async (page, runs, server) => {
    await server.close();
    const saved = serve(runs, server.port, false);
    await page.reload();
    await page.getByRole("link", { name: "Runs" }).click();
    await shows(page, "#run-list tbody", "run-001");
    assertEquals(await page.getByRole("button", { name: "New run" }).isVisible(), false);
    assertEquals(await page.getByRole("button", { name: /^Delete/ }).count(), 0);
    assertEquals(await page.locator("#controls").isVisible(), false);
    return saved;
  },
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE/,
);

browserTest("dashboard follows a run that another process trains, and has no buttons for it", () => {
  const run = tokenRun(20);
  run.elsewhere = true;
  return [run];
}, async (page, [run]) => {
  await shows(page, "#banner", "Another process trains this run");
  await shows(page, "#state", "running");
  await showsPoints(page, 20);
  assertEquals(await page.locator("#controls").count(), 0);
  run?.train(21, 30);
  await showsPoints(page, 30);
  await shows(page, "#state", "running");
});

browserTest("dashboard pauses and resumes a run, and stops it after a confirmation", () => [
  tokenRun(20),
], async (page, [run]) => {
  assert(run);
  await page.getByRole("button", { name: "Pause" }).click();
  await shows(page, "#state", "paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await shows(page, "#state", "running");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "No" }).click();
  assertEquals(run.events.at(-1)?.type, "unpaused");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Stop the run" }).click();
  await shows(page, "#state", "stopping");
  assertEquals(await page.locator("#controls").isVisible(), false);
});

browserTest("dashboard lists many runs on request, and finds runs by state and text among all", () => [
  tokenRun(20, "current-run"),
  ...finished(60),
], async (page, runs) => {
  runs[0]!.config = { ...runs[0]!.config, hidden: 77 };
  const rows = page.locator("#run-list tbody tr");
  const first = (id: string) => rows.first().filter({ hasText: id }).waitFor();
  await page.getByRole("link", { name: "Runs" }).click();
  await first("current-run");
  assertEquals(await rows.count(), 25);
  await page.getByRole("checkbox", { name: "Compare run-050" }).check();
  const older = page.getByRole("button", { name: "Older runs" });
  await older.click();
  await rows.nth(49).filter({ hasText: "run-012" }).waitFor();
  await older.press("Enter");
  await rows.nth(60).filter({ hasText: "run-001" }).waitFor();
  await older.waitFor({ state: "detached" });
  await shows(page, "#compare-loss .legend", "run-050");
  await page.getByLabel("Find").fill("run-05");
  await first("run-059");
  assertEquals(await rows.count(), 10);
  await page.getByLabel("Find").fill("");
  await page.getByLabel("State").selectOption("running");
  // The unfiltered list begins with the same run: the filter was applied when the second row has disappeared.
  await rows.nth(1).waitFor({ state: "detached" });
  await first("current-run");
  assertEquals(await rows.count(), 1);
  await page.getByLabel("State").selectOption("failed");
  await shows(page, "#run-list", "No run matches");
  await page.getByLabel("State").selectOption("");
  // Keys whose values differ have a column, and others on request.
  await shows(page, "#run-list thead", "hidden");
  await page.locator("summary", { hasText: "Columns" }).click();
  await page.getByRole("checkbox", { name: "seed" }).check();
  await shows(page, "#run-list thead", "seed");
  await page.getByRole("button", { name: "Results, and what differs" }).click();
  await page.locator("#run-list thead", { hasText: "seed" }).waitFor({ state: "detached" });
  // A sorted list has all runs: those without a time, such as the running one, come last.
  await page.getByRole("button", { name: "time" }).click();
  await rows.nth(60).filter({ hasText: "current-run" }).waitFor();
  await page.locator('[aria-sort="descending"]', { hasText: "time" }).waitFor();
});

browserTest(
  "dashboard names a run, finds it by its tag, and offers files of the server with their columns",
  () => [tokenRun(20, "current-run"), ...finished(2)],
  async (page, runs) => {
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("button", { name: "Edit run-001" }).click();
    const dialog = page.getByRole("dialog", { name: "Run run-001" });
    await dialog.getByLabel("Name").fill("<b>wide</b> & deep");
    await dialog.getByLabel("Tags").fill("tickets, a b");
    await dialog.getByLabel("Note").fill("why\nnot");
    await page.keyboard.press("Tab");
    await dialog.getByRole("button", { name: "Save" }).click();
    await shows(page, "#run-status", "Run run-001 was changed");
    assertEquals(runs[2]?.notes, { name: "<b>wide</b> & deep", tags: ["tickets", "a b"], note: "why\nnot" });
    await shows(page, "#run-list tbody", "<b>wide</b> & deep");
    await page.getByRole("button", { name: "tickets" }).click();
    assertEquals(await page.getByLabel("Find").inputValue(), "tickets");
    await page.getByRole("button", { name: "Edit run-001" }).click();
    await dialog.getByLabel("Tags").fill("x".repeat(60));
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("expected at most 50").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.getByRole("button", { name: "New run" }).click();
    await page.locator("#new-data-list option").waitFor({ state: "attached" });
    await page.getByRole("combobox", { name: "Data" }).fill("tickets.csv");
    await shows(page, "#new-preview", "where is my parcel");
    assertEquals(await page.getByLabel("Text column").inputValue(), "subject");
    await page.getByLabel("Label column").selectOption("id");
    const command = "deno task train --data tickets.csv --text-column subject --label-column id";
    await shows(page, "#new-run-form code", command);
  },
  /status of 400/,
);

browserTest(
  "dashboard shows a queued run with its place, follows it when it starts, and shows why another could not start",
  () => [waitingRun(), refusedRun(), tokenRun(20, "current-run")],
  async (page, [waiting]) => {
    assert(waiting);
    await page.getByRole("link", { name: "Runs" }).click();
    await shows(page, "#run-list .why", "there is no such file");
    await page.getByRole("link", { name: "refused-run" }).click();
    await shows(page, "#state", "failed");
    await shows(page, "#banner", "Could not start: data is gone.csv");
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("link", { name: "waiting-run" }).click();
    await shows(page, "#state", "queued · place 2");
    waiting.queued = undefined;
    waiting.train(1, 5);
    await shows(page, "#state", "running");
    await shows(page, "#epoch-note", "round 10");
  },
);

browserTest(
  "dashboard asks for a search, shows how far it has come, finds its trials, and ends it",
  () => [tokenRun(20, "current-run")],
  async (page, runs) => {
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("button", { name: "New run" }).click();
    await page.locator("#new-tuneMinutes").fill("5");
    await page.getByRole("combobox", { name: "Data" }).fill("a.csv");
    const command = "deno task tune --data a.csv --minutes 5";
    assertEquals(await page.locator("#new-run-form code").textContent(), command);
    await page.getByRole("button", { name: "Start" }).click();
    await shows(page, "#new-status", "Run asked-1 is queued: place 1");
    const [asked] = runs;
    assertEquals(asked?.queued?.config, { data: ["a.csv"], tuneMinutes: 5 });
    const search = { id: "tune-7", minutes: 5, elapsed: 1.25, trials: 12, best: { dropout: 0.6 } };
    asked!.queued = { config: {}, search };
    await page.locator("#run-text").fill("asked");
    await shows(page, "#run-list .why", "Search: 12 trials in 1.3 of 5 minutes");
    await page.getByRole("button", { name: "End the search of asked-1" }).click();
    await shows(page, "#run-status", "The search of run asked-1 ends: its best config is trained");
    assertEquals(asked!.queued?.search, undefined);
    asked!.queued = { config: {}, search };
    await page.locator("#run-text").fill("asked-1");
    await page.getByRole("button", { name: "12 trials" }).click();
    assertEquals(await page.locator("#run-text").inputValue(), "tune-7");
  },
);

browserTest("dashboard reports that its stream was dropped, until the user dismisses it", () => [
  tokenRun(20),
], async (page, [run], server) => {
  assert(run);
  await shows(page, "#state", "running");
  const { length } = run.events;
  server.drops.add({ client: "", run: run.id, from: 0, to: length, at: new Date().toISOString() });
  run.cut();
  await shows(page, "#notice-text", "the stream was cut because the client read nothing for too long");
  run.train(21, 22);
  await shows(page, "#epoch-note", "round 44");
  await page.getByRole("button", { name: "Dismiss" }).click();
  assertEquals(await page.locator("#notice-text").textContent(), "");
  assertEquals(await page.getByRole("button", { name: "Dismiss" }).isVisible(), false);
});
