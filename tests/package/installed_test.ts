/**
 * Tests the package in an empty project: its size, its types, a program on every runtime, its command line, a page, and what
 * JSR says.
 */
import project from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { ROOT } from "../cli/process.ts";
import { CHROMIUM, CHROMIUM_FLAGS } from "../dashboard/browser/browser.ts";
import { executableAbsence, optionalTest } from "../optional.ts";
import { PATIENCE_MS } from "../patience.ts";
import { decoded } from "../text.ts";
import { installedProject, npmAbsence, outputOf, removeProject, runIn } from "./project.ts";

Deno.test.afterAll(removeProject);

const PROGRAM = `import { load, type Prediction, train } from "lockstep";

const texts = {
  billing: ["I was charged twice", "please refund my card", "a refund for my card", "charged for nothing"],
  shipping: ["where is my parcel?", "the parcel is late", "my parcel is lost", "late again, my parcel"],
};
const data = Object.entries(texts).flatMap(([label, all]) => all.map((text) => ({ text, label })));
await using run = await train({ data, epochs: 2, validation: 0.5, kernels: "wasm" });
await run.save("model");
const model = await load("model");
const answers: Prediction[] = await model.predictMany(["my parcel", "a refund"]);
console.log(JSON.stringify({ digest: model.digest, answers }));
`;

const PREDICTOR = `import { load, type Model, type Prediction } from "lockstep/predict";

const model: Model = await load("model/model.lockstep");
const answers: Prediction[] = model.predictMany(["my parcel", "a refund"]);
console.log(answers.map(({ label, probability }) => [label, probability]));
`;

interface Results {
  readonly digest: string;
  readonly answers: readonly { readonly label: string }[];
}

interface Lock {
  readonly packages: Readonly<Record<string, unknown>>;
}

optionalTest(npmAbsence, {
  name: "npm install of the package adds at most 25 packages and 25 MB, without tfjs",
  async fn() {
    const { folder } = await installedProject();
    const lock: Lock = JSON.parse(await readFile(join(folder, "node_modules/.package-lock.json"), "utf8"));
    const names = Object.keys(lock.packages);
    assert(names.includes("node_modules/lockstep"), names.join());
    assert(names.length <= 25, `${names.length} packages: ${names.join()}`);
    assertEquals(names.filter((name) => name.includes("@tensorflow/")), []);
    const files = await readdir(join(folder, "node_modules"), { recursive: true, withFileTypes: true });
    const sizes = files.filter((file) => file.isFile()).map(({ parentPath, name }) => stat(join(parentPath, name)));
    const bytes = (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
    assert(bytes < 25e6, `${bytes} bytes`);
  },
});

optionalTest(npmAbsence, {
  name: "tsc --strict checks a program of the package with its declarations, and finds a wrong type",
  async fn() {
    const { folder } = await installedProject();
    const tsc = async (name: string, text: string, target = "esnext") => {
      await writeFile(join(folder, name), text);
      const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", target];
      const args = ["run", "-q", "-A", `${project.imports.typescript}/tsc`, ...flags, join(folder, name)];
      return await outputOf(ROOT, Deno.execPath(), ...args);
    };
    assertEquals(await tsc("program.ts", PROGRAM), { code: 0, stdout: "", stderr: "" });
    assertEquals(await tsc("predictor.ts", PREDICTOR, "es2022"), { code: 0, stdout: "", stderr: "" });
    const { code, stdout } = await tsc("wrong.ts", PROGRAM.replace("epochs: 2", 'epochs: "2"'));
    assertEquals(code, 2);
    assertMatch(stdout, /wrong\.ts.*Type 'string' is not assignable to type 'number/);
  },
});

/** Runs the program of the package, trained by `workers`, and returns what it prints. */
async function results(workers: number, command: string, ...args: string[]): Promise<Results> {
  const { folder } = await installedProject();
  const name = `program_${workers}.ts`;
  await writeFile(join(folder, name), PROGRAM.replace("epochs: 2", `$&, workers: ${workers}`));
  return JSON.parse(await runIn(folder, command, ...args, name));
}

optionalTest(npmAbsence, {
  name: "a program of the package has the same digest and answers on Deno, Node and Bun",
  async fn() {
    const onDeno = await results(2, Deno.execPath(), "run", "-q", "-A");
    assertMatch(onDeno.digest, /^[0-9a-f]{64}$/);
    assertEquals(onDeno.answers.map(({ label }) => label), ["shipping", "billing"]);
    assertEquals(await results(2, "npx", "-y", "node@26"), onDeno);
    assertEquals(await results(1, "npx", "-y", "bun"), onDeno);
  },
});

/** Calls `use` with a new page of a browser. */
async function withPage(use: (page: Page) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS, timeout: PATIENCE_MS });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await use(page);
  } finally {
    await browser.close();
  }
}

/** The driver of the browser keeps timers and pipes of its process beyond close(). */
const IN_BROWSER = { sanitizeOps: false, sanitizeResources: false } as const;
const noBrowser = npmAbsence ?? executableAbsence(CHROMIUM);

const PAGE = `<!doctype html><script type="module">
import { load } from "/node_modules/lockstep/predict.js";
const model = await load("model/model.lockstep");
globalThis.answers = model.predictMany(["my parcel", "a refund"]);
</script>`;

optionalTest(noBrowser, {
  name: "a page predicts with lockstep/predict as the program does",
  ...IN_BROWSER,
  async fn() {
    const { folder } = await installedProject();
    const { answers } = await results(2, Deno.execPath(), "run", "-q", "-A");
    await withPage(async (page) => {
      await page.route("**/*", async (route) => {
        const { pathname } = new URL(route.request().url());
        if (pathname === "/") await route.fulfill({ contentType: "text/html", body: PAGE });
        else await route.fulfill({ path: join(folder, pathname) });
      });
      await page.goto("http://localhost/");
      const answered = await page.waitForFunction("globalThis.answers");
      assertEquals(await answered.jsonValue(), answers);
    });
  },
});

optionalTest(noBrowser, {
  name: "the dashboard of the package predicts in a browser, without an error",
  ...IN_BROWSER,
  async fn() {
    const { folder } = await installedProject();
    await writeFile(join(folder, "served.csv"), ticketsFile());
    const flags = ["served.csv", "--epochs", "1", "--kernels", "wasm", "--port", "0"];
    const server = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-A", "node_modules/lockstep/bin.js", "train", ...flags],
      cwd: folder,
      signal: AbortSignal.timeout(PATIENCE_MS),
      stdout: "piped",
    }).spawn();
    let printed = "";
    for await (const text of decoded(server.stdout)) {
      printed += text;
      if (/^Serving on/m.test(printed)) break;
    }
    const [url] = /http:\S+/.exec(printed)!;
    try {
      await withPage(async (page) => {
        const problems: string[] = [];
        page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
        page.on("pageerror", (error) => problems.push(String(error)));
        await page.goto(url);
        await page.getByRole("textbox").first().fill("my parcel is late");
        const answered = page.waitForResponse(/\/predict$/);
        await page.keyboard.press("Enter");
        assertEquals((await (await answered).json()).label, "shipping");
        assertEquals(problems, []);
      });
    } finally {
      server.kill();
      await server.status;
    }
  },
});

/** Returns a CSV file of texts that mostly tell their class. */
function ticketsFile(): string {
  const words = { billing: ["refund", "charged", "card", "invoice"], shipping: ["parcel", "late", "lost", "delivery"] };
  const rows = Object.entries(words).flatMap(([label, all]) =>
    Array.from({ length: 40 }, (_, i) => `${all[i % 4]} my ${all[(i >> 2) % 4]} please,${label}`)
  );
  return `text,label\n${rows.join("\n")}\n`;
}

/** The command of the installed package with a Node that its modules need. */
const LOCKSTEP = ["npx", "-y", "-p", "node@26", "lockstep"] as const;

optionalTest(npmAbsence, {
  name: "npx lockstep trains and predicts in a folder without the sources, with their digest",
  async fn() {
    const { folder } = await installedProject();
    const data = join(folder, "tickets.csv");
    await writeFile(data, ticketsFile());
    assertEquals(await runIn(folder, ...LOCKSTEP, "--version"), `lockstep ${project.version}\n`);
    const flags = ["--epochs", "1", "--kernels", "wasm", "--port", "0", "--exit"];
    const trained = await runIn(folder, ...LOCKSTEP, "train", "tickets.csv", ...flags);
    const digestOf = (text: string) => /^Digest: +([0-9a-f]{64})$/m.exec(text)![1];
    assertMatch(trained, /^Next: +npx lockstep predict runs\/\S+ "your text"$/m);
    assertMatch(await runIn(folder, ...LOCKSTEP, "predict", "runs/latest", "my parcel"), /^Class: 1 \(shipping\) /);
    const own = ["run", "-q", "-A", "main.ts", "train", data, ...flags, "--runs-dir", join(folder, "own")];
    assertEquals(digestOf(await runIn(ROOT, Deno.execPath(), ...own)), digestOf(trained));
  },
});

optionalTest(npmAbsence, {
  name: "npx lockstep says what to install for the engine tfjs, and for an old Node",
  async fn() {
    const { folder } = await installedProject();
    const { code, stderr } = await outputOf(folder, ...LOCKSTEP, "train", "--engine", "tfjs", "--port", "0", "--exit");
    assertEquals(code, 2);
    assertMatch(stderr, /not installed: npm install @tensorflow\/tfjs @tensorflow\/tfjs-backend-wasm/);
    const old = await outputOf(folder, "npx", "-y", "-p", "node@20", "lockstep", "--version");
    assertEquals({ ...old, stderr: old.stderr.replace(/20[\d.]+/, "20") }, {
      code: 2,
      stdout: "",
      stderr: "error: lockstep needs Node 22.13 or later, found 20\n",
    });
    assertEquals(JSON.parse(await readFile(join(folder, "node_modules/lockstep/package.json"), "utf8")).engines, {
      node: ">=22.13",
    });
  },
});

optionalTest(npmAbsence, {
  name: "JSR takes the package without a warning",
  async fn() {
    const { built } = await installedProject();
    const { code, stderr } = await outputOf(
      join(built, "jsr"),
      Deno.execPath(),
      "publish",
      "--dry-run",
      "--allow-dirty",
    );
    assertEquals(code, 0, stderr);
    assert(!/warning|error/.test(stderr.replaceAll(/^ +file:.*$/gm, "")), stderr);
  },
});
