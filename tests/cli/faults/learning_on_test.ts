/** Runs that continue from another one, as processes that are killed, and without the run that they continue from. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { readSummary } from "../../../lib/run/log/summary.ts";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { latestOf, run, SLOW, start, withFolder } from "../process.ts";

const rows = (classes: readonly string[]) =>
  ["text,label", ...classes.flatMap((one) => Array.from({ length: 40 }, (_, i) => `see ${one}x item${i % 9},${one}`))]
    .join("\n");

/** Trains a run on two classes, and calls `use` with its directory and the arguments of one that continues with two others. */
async function withParent(folder: string): Promise<{ readonly parent: string; readonly child: readonly string[] }> {
  const [old, added] = [join(folder, "old.csv"), join(folder, "new.csv")];
  await Deno.writeTextFile(old, rows(["a", "b"]));
  await Deno.writeTextFile(added, rows(["c", "d"]));
  const small = ["--hidden", "4", "--embedding", "4", "--letter-rows", "0", "--epochs", "3"];
  const { code, stderr } = await run("train", folder, [old, ...small, "--exit", "--runs-dir", folder]);
  assertEquals([code, stderr], [0, ""]);
  const parent = await latestOf(folder);
  return { parent, child: [added, "--from", parent, "--epochs", "12", "--exit", "--runs-dir", folder] };
}

Deno.test("a killed run with --from resumes to the same digest, is verified, and takes more epochs", () =>
  withFolder(async (folder) => {
    const { child } = await withParent(folder);
    await run("train", folder, child);
    const whole = await readSummary(await latestOf(folder));
    const killed = start("train", folder, [...child, ...SLOW, "--checkpoint-every", "3"]);
    assert(await killed.killedAt(/^Epoch 0*4 /m));
    const directory = await latestOf(folder);
    const { code, stderr } = await run("resume", folder, [directory, "--workers", "1", "--exit"]);
    assertEquals([code, stderr], [0, ""]);
    const resumed = await readSummary(directory);
    assertEquals([resumed?.digest, resumed?.parent], [whole!.digest, whole!.parent]);
    const more = await run("resume", folder, [directory, "--epochs", "14", "--exit"]);
    assertMatch(more.stdout, /^Old rows: .* before, .* after/m, more.stderr);
    const verified = await run("verify", folder, [directory]);
    assertMatch(verified.stdout, /^Verified: all 14 recorded states/, verified.stderr);
  }));

Deno.test("a run with --from predicts without the earlier run, and resume and verify name it", () =>
  withFolder(async (folder) => {
    const { parent, child } = await withParent(folder);
    const stopped = start("train", folder, [...child, ...SLOW]);
    await stopped.printed(/^Epoch 0*2 /m);
    await stopped.signalled("SIGTERM");
    const directory = await latestOf(folder);
    await Deno.remove(parent, { recursive: true });
    const predicted = await run("predict", folder, [directory, "see cx item1"]);
    assertStringIncludes(predicted.stdout, "Class: ", predicted.stderr);
    for (const task of ["resume", "verify"] as const) {
      const { code, stderr } = await run(task, folder, [directory]);
      assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
      assertStringIncludes(stderr, `The run that --from names cannot be used: There is no run in "${parent}"`);
    }
  }));

natsTest(
  "two machines continue a run with --from and --cluster to the digest of one",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const { child } = await withParent(folder);
      await run("train", folder, child);
      const { digest } = (await readSummary(await latestOf(folder)))!;
      const machines = ["m1", "m2"].map((node) => {
        const own = ["--cluster", server.url, "--name", "onward", "--min-nodes", "2", "--node", node];
        return run("train", folder, [...child, ...own, "--workers", "1", "--runs-dir", join(folder, node)]);
      });
      for (const { code, stdout, stderr } of await Promise.all(machines)) {
        assertEquals([code, stderr], [0, ""]);
        assertStringIncludes(stdout, digest);
      }
    }),
);
