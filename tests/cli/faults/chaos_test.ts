import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { latestOf, run, TINY, withFolder } from "../process.ts";

const recipe = [...TINY, "--epochs", "3", "--target-accuracy", "0", "--held-out", "300", "--exit", "--port", "0"];
// A busy machine may be silent for a while itself: that costs a round which is done again, and nothing else.
const survival = ["--worker-timeout", "0.5", "--max-restarts", "1000"];

async function digest(folder: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`)).digest;
}

const SEEDS = Array.from({ length: 10 }, (_, index) => String(index + 1));

/** Digests of the runs that nothing disturbs, by seed. */
const undisturbed = new Map<string, string>();

/** Runs `seed` with `flags` in a folder of its own: its digest and what it printed. */
async function trained(seed: string, flags: readonly string[]): Promise<{ digest: string; stdout: string }> {
  let result = { digest: "", stdout: "" };
  await withFolder(async (folder) => {
    const { code, stdout } = await run("train", folder, [...recipe, "--runs-dir", folder, "--seed", seed, ...flags]);
    assertEquals(code, 0, stdout);
    result = { digest: await digest(folder), stdout };
  });
  return result;
}

// Seeds choose the round, the worker and the moment.
for (const way of ["kill", "exit", "hang", "spin"]) {
  Deno.test(`${SEEDS.length} of ${SEEDS.length} runs end with the digest of the undisturbed run after workers that ${way}`, async () => {
    let lost = 0;
    const left = [...SEEDS];
    const disturb = async (): Promise<void> => {
      const seed = left.pop();
      if (seed === undefined) return;
      const expected = undisturbed.get(seed) ?? (await trained(seed, [])).digest;
      undisturbed.set(seed, expected);
      const { digest: found, stdout } = await trained(seed, [...survival, "--chaos", `${way}=0.08`]);
      assertEquals(found, expected, stdout);
      lost += stdout.split("Incident: Worker").length - 1;
      await disturb();
    };
    // Two runs side by side, as most of the time is waiting; those that compute for ever take a core each.
    await Promise.all(way === "spin" ? [disturb()] : [disturb(), disturb()]);
    assert(lost >= 6, `only ${lost} workers were lost`);
  });
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
