/** Tests the page of a server of several models. */
import { assertEquals } from "@std/assert";
import { nameOf } from "../../../dashboard/state/served.ts";
import { browserTest, shows } from "./browser.ts";
import { tokenRun } from "./fake_runs.ts";

Deno.test("nameOf() names a run's model, and none for the first and for other runs", () => {
  const models = [{ name: "spam", run: "a" }, { name: "intents", run: "b" }, { name: "again", run: "a" }];
  assertEquals(["a", "b", "c"].map((run) => nameOf(models, run)), [undefined, "intents", undefined]);
  assertEquals(nameOf([], "a"), undefined);
});

browserTest(
  "dashboard has a choice of model, and asks the one whose run it shows",
  () => [tokenRun(20, "run-b"), tokenRun(20, "run-a")],
  async (page) => {
    const choice = page.getByLabel("Model");
    const asked = async (): Promise<string> => {
      const request = page.waitForRequest((one) => one.method() === "POST");
      await page.locator("#random").click();
      const { run } = await (await (await request).response())!.json();
      return `${new URL((await request).url()).pathname} ${run}`;
    };
    await shows(page, "#run", "run-b");
    assertEquals(await choice.locator("option").allTextContents(), ["spam", "intents"]);
    assertEquals(await asked(), "/predict run-b");
    const described = page.waitForResponse((one) => one.url().endsWith("/models/intents"));
    await choice.selectOption("intents");
    await described;
    await shows(page, "#run", "run-a");
    await shows(page, "#sample-hint", "8 tokens");
    assertEquals(await asked(), "/models/intents/predict run-a");
    await shows(page, ".copies", "Copy as curl");
    await choice.selectOption("spam");
    await shows(page, "#run", "run-b");
    assertEquals(new URL(page.url()).search, "");
    await page.locator("#to-service").click();
    await shows(page, "#models", "intents");
  },
  /^$/,
  () => ({ names: ["spam", "intents"] }),
);
