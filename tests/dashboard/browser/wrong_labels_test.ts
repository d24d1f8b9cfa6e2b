/** Tests the search for wrong labels on the page, from the button to the file. */
import { assertEquals } from "@std/assert";
import { examinationOf, LABELS } from "../../finished_run.ts";
import { browserTest, shows } from "./browser.ts";
import { finishedTextRun } from "./fake_runs.ts";

browserTest(
  "dashboard looks for wrong labels, stops, and links the file of what it found",
  () => [finishedTextRun()],
  async (page, runs) => {
    const run = runs[0]!;
    await page.getByRole("link", { name: "All classes and mistakes" }).click();
    await page.getByRole("button", { name: "Look for wrong labels" }).click();
    await shows(page, "#wrong-labels", "25");
    assertEquals(run.labels.state, "running");
    await page.getByRole("button", { name: "Stop" }).last().click();
    await page.getByRole("button", { name: "Look for wrong labels" }).click();
    // The server has begun before the test says that it has ended.
    await shows(page, "#wrong-labels", "25");
    // The page asks again each second.
    run.labels = { state: "finished", mayStart: true, result: examinationOf(LABELS), rows: "suspects.csv" };
    await shows(page, "#wrong-labels", "Probably wrong: 56 rows");
    const file = page.waitForEvent("download");
    await page.getByRole("link", { name: "All rows as a file" }).click();
    assertEquals((await file).suggestedFilename(), "suspects.csv");
    await page.reload();
    await shows(page, "#wrong-labels", "tickets.csv:431");
  },
);
