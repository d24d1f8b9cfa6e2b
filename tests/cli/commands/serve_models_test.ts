import { assert, assertEquals, assertMatch } from "@std/assert";
import { listRuns } from "../../../lib/run/files/directory.ts";
import { run, start, TINY, withFolder } from "../process.ts";

const TOKENS = { method: "POST", body: '{"tokens":[21,6,37,33,18,48,1,25]}' };

/** Gives `use` a folder with two short runs, and their ids. */
function withTwoRuns(use: (folder: string, ids: readonly [string, string]) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    for (const seed of ["1", "2"]) {
      const flags = [...TINY, "--port", "0", "--runs-dir", folder, "--epochs", "1", "--seed", seed, "--exit"];
      assertEquals((await run("train", folder, flags)).code, 0);
    }
    const [newer, older] = await listRuns(folder);
    await use(folder, [older!, newer!]);
  });
}

async function digestOf(folder: string, id: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${folder}/${id}/summary.json`)).digest;
}

const urlIn = (printed: string) => /http:\/\/[\w.]+:\d+/.exec(printed)![0];

Deno.test("serve RUN RUN answers by names, swaps, and ends cleanly at SIGTERM during a swap", () =>
  withTwoRuns(async (folder, [one, other]) => {
    const [of1, of2] = [await digestOf(folder, one), await digestOf(folder, other)];
    const flags = [`${folder}/${one}`, `${folder}/${other}`, "--names", "spam,intents", "--port", "0"];
    const process = start("serve", folder, flags);
    const printed = await process.printed(/until interrupted\n/);
    assertMatch(printed, new RegExp(`Serving spam \\(run ${one}\\), intents \\(run ${other}\\) on http`));
    const base = urlIn(printed);
    const digest = async (path: string) => (await (await fetch(`${base}${path}`, TOKENS)).json()).digest;
    const paths = ["/predict", "/models/spam/predict", "/models/intents/predict"];
    assertEquals(await Promise.all(paths.map(digest)), [of1, of1, of2]);
    const put = (id: string) => fetch(`${base}/models/spam`, { method: "PUT", body: JSON.stringify({ run: id }) });
    const swapped = await put(other);
    assertEquals([swapped.status, (await swapped.json()).digest], [200, of2]);
    assertEquals(await Promise.all(paths.map(digest)), [of2, of2, of2]);
    // The page shows the run that answers.
    assertEquals((await (await fetch(`${base}/runs`)).json()).current, other);
    const outside = await put("20200101-000000-abcd");
    assertEquals([outside.status, (await outside.json()).detail], [
      400,
      'No run "20200101-000000-abcd": GET /runs lists all',
    ]);
    const asked = put(one).then(async (answer) => {
      await answer.body?.cancel();
      return answer.status;
    }, () => 0);
    process.signal("SIGTERM");
    const { code, stderr } = await process.finished;
    assertEquals([code, stderr], [0, ""]);
    // Answered, or refused as the port was closed before it arrived.
    assert([0, 200, 503].includes(await asked), `${await asked}`);
  }));

Deno.test("serve names wrong names of models and exits with 2", () =>
  withTwoRuns(async (folder, [one, other]) => {
    const wrong = async (...flags: readonly string[]) => {
      const { code, stderr } = await run("serve", folder, [`${folder}/${one}`, ...flags]);
      assertEquals(code, 2);
      return stderr;
    };
    const another = `${folder}/${other}`;
    assertEquals(await wrong(another, "--names", "a"), "error: --names has 1 name: expected one for each RUN, 2\n");
    assertMatch(await wrong(another, "--names", "a,a"), /^error: --names has "a": expected different names/);
    assertMatch(await wrong("--names", "../a"), /^error: --names has "..\/a": expected different names/);
    assertMatch(await wrong(`${folder}/${one}`), /is named twice: give the models different names by --names/);
    assertMatch(await wrong(...Array(16).fill(another)), /^error: 17 runs are named: expected at most 16/);
  }));
