import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { latestOf, run, TINY, withFolder } from "../process.ts";

const recipe = [...TINY, "--epochs", "4", "--target-accuracy", "0", "--held-out", "300", "--exit", "--port", "0"];

Deno.test("verify accepts a run on any number of workers, and names the first round that differs", () =>
  withFolder(async (folder) => {
    await run("train", folder, [...recipe, "--runs-dir", folder]);
    for (const workers of ["1", "4"]) {
      const { code, stdout } = await run("verify", folder, [`${folder}/latest`, "--workers", workers]);
      assertEquals(code, 0);
      assertMatch(stdout, /^Verified: all 4 recorded states up to round 16 match\n$/);
    }
    const path = `${await latestOf(folder)}/events.jsonl`;
    const lines = (await Deno.readTextFile(path)).split("\n");
    const changed = lines.map((line) =>
      line.includes('"type":"epoch","epoch":3') ? line.replace(/"digest":"...../, '"digest":"00000') : line
    );
    await Deno.writeTextFile(path, changed.join("\n"));
    const { code, stdout } = await run("verify", folder, [`${folder}/latest`]);
    assertEquals(code, 1);
    assertMatch(stdout, /differs after round 12: recorded "00000.*The last match was after round 8/);
  }));

Deno.test("verify refuses a changed config before it trains", () =>
  withFolder(async (folder) => {
    await run("train", folder, [...recipe, "--runs-dir", folder]);
    const path = `${await latestOf(folder)}/run.json`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"seed": 1', '"seed": 2'));
    const { code, stderr } = await run("verify", folder, [`${folder}/latest`]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "its digest differs");
  }));
