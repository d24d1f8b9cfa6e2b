// deno-lint-ignore-file no-console -- a script for people
/**
 * Writes docs/dashboard.png: trains on the tickets of examples/ and takes a picture of the finished run's dashboard.
 * Needs Chromium. Usage: deno task picture
 */
import { chromium } from "playwright-core";

const ROOT = new URL("../", import.meta.url).pathname;
const PICTURE = `${ROOT}docs/dashboard.png`;
const DEADLINE_MS = 300_000;

const folder = await Deno.makeTempDir();
const deno = (...args: string[]) => new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdout: "piped" });

const tickets = await deno("run", "examples/tickets.ts").output();
await Deno.writeFile(`${folder}/tickets.csv`, tickets.stdout);
const train = ["run", "-A", "main.ts", "train", `${folder}/tickets.csv`, "--runs-dir", folder, "--port", "0"];
const training = deno(...train).spawn();
try {
  const address = await servedAt(training.stdout);
  const browser = await chromium.launch({
    executablePath: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 816 }, colorScheme: "light" });
  page.setDefaultTimeout(DEADLINE_MS);
  await page.goto(address);
  await page.locator("#state", { hasText: "finished" }).waitFor();
  // The box takes texts, not tokens, once the page knows the model.
  await page.locator("#sample.prose").fill("I was charged twice, please refund me");
  await page.getByRole("button", { name: "Predict" }).click();
  await page.locator("#bars").waitFor();
  await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
  await page.screenshot({ path: PICTURE });
  await browser.close();
  console.log(`Wrote ${PICTURE}, ${(await Deno.stat(PICTURE)).size} bytes`);
} finally {
  training.kill("SIGTERM");
  await training.status;
  await Deno.remove(folder, { recursive: true });
}

/** The address that `train` prints when training has ended and it serves on. */
async function servedAt(output: Deno.ChildProcess["stdout"]): Promise<string> {
  let text = "";
  for await (const part of output.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
    text += part;
    const address = /^Serving on (http:\S+)/m.exec(text)?.[1];
    if (address) return address;
  }
  throw new Error(`Training ended before it served:\n${text}`);
}
