/** Tests the view for labels, with the keyboard, and for a user who can only label. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { LABELS } from "../../finished_run.ts";
import { FakeLabelling } from "../fake_labelling.ts";
import { browserTest, serve, shows } from "./browser.ts";
import { finishedTextRun, tokenRun } from "./fake_runs.ts";

const TEXTS = ["first <b>text</b>", "second text", "third text", "fourth text", "fifth text"];
const INTENTS = Array.from({ length: 40 }, (_, at) => `intent ${at}`);

const focused = (page: Page) => page.evaluate<string>("document.activeElement?.id");

/** Waits until the page shows `text` as the row, which has the focus. */
async function showsRow(page: Page, text: string): Promise<void> {
  await page.locator("#row:focus", { hasText: text }).waitFor();
}

/** Defines a test of the view for labels. */
function labelTest(
  name: string,
  fakeOf: () => FakeLabelling,
  body: (page: Page, fake: FakeLabelling) => Promise<void>,
  { labels = LABELS, expected = /^$/, model }: {
    labels?: readonly string[];
    expected?: RegExp;
    model?: { several: boolean };
  } = {},
): void {
  let fake: FakeLabelling;
  browserTest(
    name,
    () => [finishedTextRun(labels)],
    async (page) => {
      await page.getByRole("link", { name: "Label", exact: true }).click();
      await body(page, fake);
    },
    expected,
    () => ({ labelling: fake = fakeOf(), model }),
  );
}

labelTest(
  "dashboard labels uncertain texts by keys: digits, Enter, s, u and Ctrl+Z",
  () => new FakeLabelling(LABELS, TEXTS),
  async (page, fake) => {
    await showsRow(page, "first <b>text</b>");
    assertEquals(await page.locator("#row b").count(), 0);
    await shows(page, "#waiting", "5 uncertain texts left");
    await page.keyboard.press("2");
    await showsRow(page, "second text");
    await page.keyboard.press("Enter");
    await showsRow(page, "third text");
    await shows(page, "#labelled", "2");
    assertEquals(fake.rows, [{ text: TEXTS[0], label: "billing" }, { text: TEXTS[1], label: "account" }]);
    await page.keyboard.press("u");
    await showsRow(page, "second text");
    await page.keyboard.press("Control+z");
    await showsRow(page, "first <b>text</b>");
    assertEquals(fake.rows, []);
    await page.keyboard.press("s");
    await showsRow(page, "second text");
    await shows(page, "#waiting", "4 uncertain texts left");
    // A key that is held down labels one text.
    await page.keyboard.down("5");
    await page.keyboard.down("5");
    await page.keyboard.up("5");
    await showsRow(page, "third text");
    assertEquals(fake.rows, [{ text: TEXTS[1], label: "shipping" }]);
  },
);

labelTest(
  "dashboard finds one of many labels by its letters, and adds a new one",
  () => new FakeLabelling(INTENTS, TEXTS),
  async (page, fake) => {
    await showsRow(page, "first");
    assertEquals(await page.locator("#choices li").count(), 9);
    await page.keyboard.type("tent 37");
    assertEquals(await focused(page), "label-find");
    await page.locator("#choices li:only-child").waitFor();
    await page.keyboard.press("Enter");
    await showsRow(page, "second text");
    await page.keyboard.type("/intent");
    await page.keyboard.press("Shift+Enter");
    await showsRow(page, "third text");
    await page.getByRole("textbox", { name: "Another label" }).fill("something else");
    await page.getByRole("button", { name: "New label “something else”" }).click();
    await showsRow(page, "fourth text");
    assertEquals(fake.rows.map(({ label }) => label), ["intent 37", "intent", "something else"]);
    // It can be found from now on.
    await page.keyboard.type("new");
    await page.keyboard.press("Escape");
    await page.keyboard.type("something");
    await shows(page, "#choices", "something else");
  },
  { labels: INTENTS },
);

labelTest(
  "dashboard labels a row with several labels",
  () =>
    new FakeLabelling(LABELS, TEXTS.slice(0, 2), {
      class: null,
      label: null,
      labels: [{ label: "account", probability: 0.5 }],
    }),
  async (page, fake) => {
    await showsRow(page, "first");
    await page.keyboard.press("1");
    await page.keyboard.press("3");
    await page.keyboard.press("5");
    await page.keyboard.type("new");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove new" }).waitFor();
    assertEquals(await page.locator('#choices [aria-pressed="true"]').allInnerTexts().then((all) => all.length), 2);
    await page.keyboard.press("Enter");
    await showsRow(page, "second text");
    assertEquals(fake.rows[0]!["label"], ["bug", "shipping", "new"]);
    await page.getByRole("button", { name: /^Save 1 label/ }).click();
    await shows(page, "#labelled", "2");
    assertEquals(fake.rows[1]!["label"], ["account"]);
  },
  { model: { several: true } },
);

labelTest(
  "dashboard labels a text that the user types, where none is uncertain",
  () => new FakeLabelling(LABELS, []),
  async (page, fake) => {
    await page.locator("#own").fill("refund my parcel");
    await page.keyboard.press("Enter");
    await showsRow(page, "refund my parcel");
    await page.getByLabel("Your name").fill("ann");
    await page.locator("#row").focus();
    await shows(page, "#choices", "80.0");
    await page.keyboard.press("s");
    assertEquals(await page.locator("#own").inputValue(), "refund my parcel");
    await page.locator("#own").press("Enter");
    await showsRow(page, "refund my parcel");
    await page.keyboard.press("1");
    await shows(page, "#labelled", "1");
    assertEquals(fake.rows, [{ text: "refund my parcel", label: "account", who: "ann" }]);
    assertEquals(await page.locator("#own").inputValue(), "");
    // The text and the name survive a reload.
    await page.locator("#own").fill("another one");
    await page.reload();
    await page.locator("#own").waitFor();
    assertEquals(await page.locator("#own").inputValue(), "another one");
    assertEquals(await page.getByLabel("Your name").inputValue(), "ann");
  },
);

labelTest(
  "dashboard keeps a text that is not saved, and says that the examples are full",
  () => new FakeLabelling(LABELS, TEXTS),
  async (page, fake) => {
    await showsRow(page, "first");
    fake.refused = "full";
    await page.keyboard.press("3");
    await page.getByRole("alert").filter({ hasText: "there is no room for more examples" }).waitFor();
    await showsRow(page, "first");
    fake.refused = undefined;
    await page.keyboard.press("3");
    await showsRow(page, "second text");
    assertEquals(await page.getByRole("alert").innerText(), "");
  },
  { expected: /status of 503/ },
);

{
  let fake: FakeLabelling;
  browserTest(
    "dashboard keeps a typed label while the server is gone",
    () => [finishedTextRun()],
    async (page, runs, server) => {
      await page.getByRole("link", { name: "Label", exact: true }).click();
      await showsRow(page, "first");
      await page.keyboard.type("other");
      await server.close();
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "The label was not saved: the server does not answer" })
        .waitFor();
      assertEquals(await page.locator("#label-find").inputValue(), "other");
      await shows(page, "#banner", "The server does not answer");
      const again = serve(runs, server.port, true, { labelling: fake });
      await page.locator("#banner").waitFor({ state: "detached" });
      await page.locator("#label-find").press("Enter");
      await showsRow(page, "second text");
      assertEquals(fake.rows, [{ text: TEXTS[0], label: "other" }]);
      return again;
    },
    /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING/,
    () => ({ labelling: fake = new FakeLabelling(LABELS, TEXTS) }),
  );
}

const [token, labelToken] = ["a".repeat(24), "b".repeat(24)];

{
  let fake: FakeLabelling;
  const asked: string[] = [];
  browserTest(
    "dashboard of a user who can only label has the tab Label, and sends no other request",
    () => [finishedTextRun()],
    async (page) => {
      // The page without a view, and of another run.
      for (const address of ["/", "/?run=other#system"]) {
        page.on("request", (request) => asked.push(new URL(request.url()).pathname));
        await page.goto(new URL(address, page.url()).href);
        await showsRow(page, TEXTS[asked.length === 0 ? 0 : fake.rows.length]!);
        assertEquals(await page.getByRole("navigation").getByRole("link").allInnerTexts(), ["Label"]);
        await page.keyboard.press("4");
        await shows(page, "#labelled", "1");
      }
      await page.keyboard.press("u");
      await shows(page, "#labelled", "0");
      await page.getByRole("button", { name: "Type a text" }).click();
      await page.locator("#own").fill("refund");
      await page.keyboard.press("Enter");
      await showsRow(page, "refund");
      assertEquals(fake.rows.map(({ label }) => label), ["feature"]);
      const others = asked.filter((path) => path !== "/" && !/^\/(dashboard|lib)\//.test(path));
      assertEquals([...new Set(others.map((path) => path.replace(/\/\d+$/, "")))].toSorted(), [
        "/examples",
        "/model",
        "/uncertain",
      ]);
    },
    /^$/,
    () => ({ labelling: fake = new FakeLabelling(LABELS, TEXTS), token, labelToken, own: labelToken }),
  );
}

browserTest(
  "dashboard says that the token does not allow to label any more",
  () => [finishedTextRun()],
  async (page) => {
    await showsRow(page, "first");
    // A browser asks for another token first, and gives the page this answer if the user has none.
    const errors = [{ field: "Authorization", message: "expected the server's token" }];
    await page.route("**/examples", (route) => route.fulfill({ status: 401, json: { errors } }));
    await page.keyboard.press("1");
    const problem = page.getByRole("alert").filter({ hasText: "as your token does not allow it" });
    assertStringIncludes(await problem.innerText(), "Nothing that you typed is lost");
    await showsRow(page, "first");
  },
  /status of 401/,
  () => ({ labelling: new FakeLabelling(LABELS, TEXTS), token, labelToken, own: labelToken }),
);

browserTest(
  "dashboard has no tab for labels where the server takes none, and says how to start one that does",
  () => [tokenRun(20)],
  async (page) => {
    await page.locator("#sample").waitFor();
    assertEquals(await page.locator("#to-label").count(), 0);
    await page.goto(new URL("/#label", page.url()).href);
    await shows(page, "#label", "deno task serve 20260102-030405-7f3a --collect --keep-uncertain 1000");
  },
);

browserTest(
  "dashboard draws the accuracy of runs that continue from one another by their number of labels",
  () => {
    const parent = {
      run: "run-1",
      old: { rows: 160, before: 0.9, after: 0.95 },
      new: { rows: 40, before: 0, after: 0.5 },
    };
    return [finishedTextRun(LABELS, "run-2", { rows: 100, parent }), finishedTextRun(LABELS, "run-1", { rows: 400 })];
  },
  async (page) => {
    await page.goto(new URL("/#label", page.url()).href);
    await page.locator('#label-curve[data-empty=""] canvas').waitFor();
    const cells = await page.locator("#label-curve tbody tr").allInnerTexts();
    const [first, second] = cells.map((row) => row.split("\t").map((cell) => cell.replaceAll("\u00a0", " ")));
    assertEquals([first!.slice(0, 4), second!.slice(0, 4)], [
      ["run-1", "400", "400", "–"],
      ["run-2", "100", "500", "72.00 %"],
    ]);
  },
);
