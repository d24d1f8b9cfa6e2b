// deno-lint-ignore-file no-console -- a script for people
/**
 * Takes pictures of the dashboard in all its states: wide in light and dark, and on a phone. The runs are small real ones
 * on the tickets of examples/, of a server that this script starts, stops and kills; only the failed run is a fake.
 * Needs Chromium. Usage: deno task screenshots FOLDER, or deno task picture, which writes only docs/dashboard.png.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_FLAGS, serve } from "../tests/dashboard/browser/browser.ts";
import { textRun } from "../tests/dashboard/browser/fake_runs.ts";
import { at } from "../tests/dashboard/browser/trained_run.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const README_PICTURE = `${ROOT}docs/dashboard.png`;
const DEADLINE_MS = 300_000;

const LOOKS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
} as const;

const [target] = Deno.args;
if (target === undefined) throw new RangeError("Usage: deno task screenshots FOLDER | deno task picture");
const isOnlyReadme = target === "--readme";

/** Shows an address and prepares the page; false if the state that it shows has passed. */
type Prepare = (page: Page) => Promise<unknown>;

let pages: Record<string, Page> = {};

/** Takes the pictures of a state. */
async function shoot(name: string, address: string, prepare: Prepare): Promise<void> {
  if (isOnlyReadme) return;
  for (const [look, page] of Object.entries(pages)) {
    await page.goto(address);
    await prepare(page);
    await settle(page);
    await page.screenshot({ path: `${target}/${name}-${look}.png`, fullPage: true });
  }
  console.log(name);
}

/** Waits until images and charts are drawn, and takes the focus away. */
async function settle(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(`document.activeElement.blur(); scrollTo(0, 0);
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))`);
  await page.waitForTimeout(150);
}

const state = (text: string): Prepare => (page) => page.locator("#state", { hasText: text }).waitFor();
const banner = (text: string): Prepare => (page) => page.locator("#banner", { hasText: text }).waitFor();
const points = (least: number): Prepare => (page) =>
  until(async () => Number(await page.locator("#page").getAttribute("data-points")) >= least);

/** Asks the prediction box, which takes texts, not tokens, once the page knows the model. */
const ask: Prepare = async (page) => {
  await state("finished")(page);
  await page.locator("#sample.prose").fill("I was charged twice, please refund me");
  await page.getByRole("button", { name: "Predict" }).click();
  await page.locator("#bars").waitFor();
};

interface Process {
  readonly url: string;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  end(signal: Deno.Signal): Promise<void>;
}

/** Starts a server of the command line on a free port. */
function start(...args: string[]): Process {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", ...args, "--port", String(port)],
    cwd: ROOT,
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const process = {
    url: `http://127.0.0.1:${port}/`,
    stdin: child.stdin.getWriter(),
    async end(signal: Deno.Signal) {
      child.kill(signal);
      await child.status;
    },
  };
  running.push(process);
  return process;
}

async function answering({ url }: Process): Promise<void> {
  await until(async () => (await fetch(`${url}livez`)).ok);
}

async function json(address: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(address, init);
  if (!response.ok) throw new Error(`${address} answers ${response.status}: ${await response.text()}`);
  return await response.json();
}

/** Repeats `attempt` until it returns true. */
async function until(attempt: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!await attempt().catch(() => false)) {
    if (performance.now() > deadline) throw new Error("The server did not come so far in time");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const folder = await Deno.makeTempDir();
const tickets = await new Deno.Command(Deno.execPath(), { args: ["run", "examples/tickets.ts"], cwd: ROOT }).output();
await Deno.writeFile(`${folder}/tickets.csv`, tickets.stdout);
const runsDir = ["--runs-dir", `${folder}/runs`];
if (!isOnlyReadme) await Deno.mkdir(target, { recursive: true });

let browser: Browser | undefined;
const running: Process[] = [];
try {
  browser = await chromium.launch({ executablePath: Deno.env.get("CHROMIUM") ?? CHROMIUM, args: CHROMIUM_FLAGS });
  for (const [look, options] of Object.entries(LOOKS)) {
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    pages = { ...pages, [look]: page };
  }
  if (!isOnlyReadme) {
    // It waits for the rest of its data.
    const reading = start("train", "--data", "-", ...runsDir);
    await answering(reading);
    await reading.stdin.write(tickets.stdout.subarray(0, 150_000));
    await shoot("01-reading", reading.url, state("preparing"));
    await reading.end("SIGKILL");
  }
  const server = start("train", `${folder}/tickets.csv`, "--name", "defaults", "--data-dir", folder, ...runsDir);
  await answering(server);
  await finishedRun(server);
} finally {
  await browser?.close();
  for (const process of running) await process.end("SIGKILL").catch(() => {});
  await Deno.remove(folder, { recursive: true });
}

/** Takes the pictures of a finished run, and those of all later states. */
async function finishedRun(server: Process): Promise<void> {
  const { url } = server;
  const runOf = async () => String((await json(`${url}runs`))["current"]);
  const stateOf = async (id: string) => String((await json(`${url}runs/${id}`))["state"]);
  await until(async () => await stateOf(await runOf()) === "finished");
  const first = await runOf();
  const light = pages["light"]!;
  await light.setViewportSize({ width: 1280, height: 816 });
  await light.goto(url);
  await ask(light);
  await settle(light);
  const path = isOnlyReadme ? README_PICTURE : `${target}/readme.png`;
  await light.screenshot({ path });
  console.log(`Wrote ${path}, ${(await Deno.stat(path)).size} bytes`);
  if (isOnlyReadme) return;
  await light.setViewportSize(LOOKS.light.viewport);
  await shoot("06-finished", url, ask);
  await shoot("07-mistakes", `${url}#evaluation`, (page) => page.locator("#confusion-table").waitFor());
  await shoot("08-system", `${url}#system`, (page) => page.locator("#settings details").nth(2).waitFor());
  await shoot("09-docs", `${url}docs`, (page) => page.locator("h1").first().waitFor());
  await shoot("10-missing", `${url}?run=nowhere`, banner("There is no run"));

  const begin = async (values: Record<string, unknown>) => {
    const body = JSON.stringify({ data: ["tickets.csv"], ...values });
    return String((await json(`${url}runs`, { method: "POST", body }))["id"]);
  };
  const act = (id: string, action: string) => fetch(`${url}runs/${id}/${action}`, { method: "POST" });
  const quick = await begin({ epochs: 2, learningRate: 0.001, name: "slow learner", tags: ["tuning"] });
  await until(async () => await stateOf(quick) === "finished");
  const more = await begin({ from: first, epochs: 2, name: "continued" });
  await until(async () => await stateOf(more) === "finished");
  const wide = await begin({ hidden: 128, epochs: 8, name: "wider LSTM", tags: ["tuning"] });
  await until(async () => await runOf() === wide);
  await shoot("02-first-epoch", url, points(3));
  await shoot("03-training", url, (page) => page.locator("#quality", { hasText: "after epoch" }).waitFor());
  await act(wide, "pause");
  await shoot("04-paused", url, state("paused"));
  const queued = await begin({ hidden: 192, name: "next in the queue" });
  await shoot("05-queued", `${url}?run=${queued}`, banner("queue"));
  await act(wide, "resume");
  await act(wide, "stop");
  await shoot("11-stopped", `${url}?run=${wide}`, banner("Stopped"));
  await shoot("12-runs", `${url}?run=${first}#runs`, async (page) => {
    await state("finished")(page);
    await page.locator("#run-list tbody tr").nth(2).waitFor();
  });
  await shoot("13-compared", `${url}?run=${first}&compare=${first},${quick}#runs`, async (page) => {
    await page.locator("#run-list tbody tr").nth(2).waitFor();
    await page.waitForTimeout(1000);
  });
  await shoot("14-new-run", `${url}?run=${first}#runs`, async (page) => {
    await page.getByRole("button", { name: "Like this run" }).click();
    await page.locator("#new-learningRate").waitFor();
  });
  await shoot("15-service", `${url}#service`, (page) => page.waitForTimeout(3000));

  await until(async () => await stateOf(queued) === "running" && await runOf() === queued);
  for (const page of Object.values(pages)) {
    await page.goto(`${url}?run=${first}`);
    await page.locator("#worst-mistakes li").first().waitFor();
  }
  await server.end("SIGKILL");
  for (const [look, page] of Object.entries(pages)) {
    await banner("does not answer")(page);
    await page.screenshot({ path: `${target}/16-server-gone-${look}.png`, fullPage: true });
  }
  console.log("16-server-gone");
  const later = start("serve", more, ...runsDir, "--collect", "--keep-uncertain", "100");
  await answering(later);
  const instances = ["hello there", "it crashes when I pay the invoice for my parcel ".repeat(8), "please help"];
  await json(`${later.url}predict`, { method: "POST", body: JSON.stringify({ instances }) });
  await shoot("19-label", `${later.url}#label`, async (page) => {
    await page.locator("#row:focus").waitFor();
    await page.keyboard.press("s");
    await page.locator('#label-curve[data-empty=""]').waitFor();
  });
  await shoot("17-interrupted", `${later.url}?run=${queued}`, banner("Interrupted"));
  const failed = textRun(50);
  failed.record({ type: "failed", error: "Worker 1 was lost 4 times in a row: out of memory" }, at(51));
  const fake = serve([failed]);
  await shoot("18-failed", `http://127.0.0.1:${fake.port}/`, state("failed"));
  for (const page of Object.values(pages)) await page.goto("about:blank");
  await fake.close();
}
