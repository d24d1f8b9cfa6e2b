import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run, TINY, withFolder } from "./process.ts";

const recipe = [...TINY, "--epochs", "3", "--target-accuracy", "0", "--held-out", "300", "--exit", "--port", "0"];
const survival = ["--worker-timeout", "0.4", "--max-restarts", "50"];

async function digest(folder: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${folder}/latest/summary.json`)).digest;
}

// Seeds choose the round, the worker and the moment; each way of dying meets five of them.
for (const way of ["kill", "exit", "hang", "spin"]) {
  Deno.test(`5 of 5 runs end with the digest of the undisturbed run after workers that ${way}`, () =>
    withFolder(async (folder) => {
      let lost = 0;
      for (const seed of ["1", "2", "3", "4", "5"]) {
        const flags = [...recipe, "--runs-dir", folder, "--seed", seed];
        assertEquals((await run("train", folder, flags)).code, 0);
        const undisturbed = await digest(folder);
        const disturbed = await run("train", folder, [...flags, ...survival, "--chaos", `${way}=0.08`]);
        assertEquals(disturbed.code, 0, disturbed.stdout);
        assertEquals(await digest(folder), undisturbed, disturbed.stdout);
        lost += disturbed.stdout.split("Incident: Worker").length - 1;
      }
      assert(lost >= 3, `only ${lost} workers were lost`);
    }));
}

Deno.test("random delays change nothing", () =>
  withFolder(async (folder) => {
    const flags = [...recipe, "--runs-dir", folder];
    await run("train", folder, flags);
    const undisturbed = await digest(folder);
    await run("train", folder, [...flags, "--chaos", "slow=0.5", "--workers", "4"]);
    assertEquals(await digest(folder), undisturbed);
  }));

Deno.test("training fails after --max-restarts, with a checkpoint of what was committed", () =>
  withFolder(async (folder) => {
    const flags = [...recipe, "--runs-dir", folder, "--epochs", "1000", "--chaos", "kill=0.4", "--max-restarts", "2"];
    const { code, stdout } = await run("train", folder, flags);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "(restart 2 of 2)");
    assertStringIncludes(stdout, "killed by --chaos, after 2 restarts");
    const resumed = await run("resume", folder, [`${folder}/latest`, "--exit", "--port", "0", "--max-seconds", "0.2"]);
    assertEquals(resumed.code, 0);
    assertStringIncludes(resumed.stdout, "Resumed after round");
  }));
