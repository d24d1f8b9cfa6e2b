// deno-lint-ignore-file no-console -- a command for people
/**
 * Measures how fast the dashboard appears with a long history: it trains a run on the example's tickets, repeats its progress
 * events until the log has as many as `--events` (default: 1,000,000), serves it, and opens the page in Chromium. Prints
 * for each visit the milliseconds until the first paint, until the accuracy is there, and until all curves are.
 */
import { createWriteStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import type { RunEvent } from "../lib/base/events.ts";
import { output } from "./command.ts";
import { table } from "./table.ts";

const root = new URL("../", import.meta.url);
const { values: flags } = parseArgs({
  options: { events: { type: "string", default: "1000000" }, repeats: { type: "string", default: "4" } },
});
const deno = (...args: readonly string[]) => output(Deno.execPath(), ["run", "-q", "-A", "--no-check", ...args], root);

/** Trains a run in `runs` whose log has `count` events or a few more. Returns its directory. */
async function longRun(folder: string, runs: string, count: number): Promise<string> {
  const tickets = join(folder, "tickets.csv");
  await writeFile(tickets, `${await deno("examples/tickets.ts")}\n`);
  await deno("main.ts", "train", tickets, "--epochs", "3", "--exit", "--runs-dir", runs);
  const id = (await readdir(runs)).find((name) => name !== "latest")!;
  const path = join(runs, id, "events.jsonl");
  const events: RunEvent[] = (await readFile(path, "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  const copies = Math.ceil(count / events.filter(({ type }) => type === "progress").length);
  const log = createWriteStream(path);
  let [last, step] = [0, 0];
  for (const event of events) {
    for (let copy = 0; copy < (event.type === "progress" ? copies : 1); copy++) {
      if (event.type === "progress") step++;
      const { id: _, at, ...rest } = event;
      // The keys of an event begin with these two.
      const line = { id: ++last, at, ...rest, ..."step" in rest && { step, round: step } };
      if (!log.write(`${JSON.stringify(line)}\n`)) await new Promise<void>((resolve) => log.once("drain", resolve));
    }
  }
  await new Promise<void>((resolve) => log.end(resolve));
  console.log(`The run has ${last.toLocaleString("en-US")} events.`);
  return join(runs, id);
}

/** Opens the page in a browser without a cache. */
async function visit(browser: Browser, address: string): Promise<string[]> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(address);
  const now = () => page.evaluate<number>("performance.now()");
  await page.locator("#accuracy-now", { hasText: "%" }).waitFor();
  const accuracy = await now();
  await page.locator('#loss[data-empty=""]').waitFor();
  const curves = await now();
  const paint = await page.evaluate<number>(`performance.getEntriesByName("first-contentful-paint")[0].startTime`);
  await context.close();
  return [paint, accuracy, curves].map((ms) => ms.toFixed(0));
}

const folder = await mkdtemp(join(tmpdir(), "page-"));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const directory = await longRun(folder, join(folder, "runs"), Number(flags.events));
const args = ["run", "-q", "-A", "--no-check", "main.ts", "serve", directory, "--port", "0"];
const server = new Deno.Command(Deno.execPath(), { args, cwd: root, stdout: "piped" }).spawn();
try {
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/http:\S+/.test(text)) text += (await reader.read()).value ?? "";
  const address = /http:\S+/.exec(text)![0];
  const visits: string[][] = [];
  for (let number = 1; number <= Number(flags.repeats); number++) {
    visits.push([String(number), ...await visit(browser, address)]);
  }
  console.log(table(["visit", "first paint, ms", "accuracy, ms", "curves, ms"], visits).join("\n"));
} finally {
  server.kill("SIGTERM");
  await server.status;
  await browser.close();
  await rm(folder, { recursive: true });
}
