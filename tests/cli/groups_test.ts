/** Tests groups of shards that average between the phases of a round, in real processes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { natsTest } from "../cluster/nats/nats_server.ts";
import { latestOf, run, start, TINY, withFolder } from "./process.ts";

const PARTS = ["--shards=6", "--cluster-every=3", "--groups=3", "--vocabulary=300"];
const RECIPE = [...TINY, ...PARTS, "--steps-per-epoch=10", "--target-accuracy=0", "--held-out=300"];
const COMMON = [...RECIPE, "--exit", "--port=0"];

async function digestOf(directory: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${directory}/summary.json`)).digest;
}

Deno.test("groups: lost workers, a kill and another number of workers change nothing", () =>
  withFolder(async (folder) => {
    const recipe = [...COMMON, "--epochs=30", "--checkpoint-every=5"];
    await run("train", folder, [...recipe, `--runs-dir=${folder}/alone`]);
    const uninterrupted = await digestOf(await latestOf(`${folder}/alone`));

    const chaos = ["--workers=4", "--max-restarts=100", "--chaos=kill=0.03,slow=0.1"];
    const { stdout } = await run("train", folder, [...recipe, `--runs-dir=${folder}/chaos`, ...chaos]);
    assertStringIncludes(stdout, "Incident: Worker");
    assertEquals(await digestOf(await latestOf(`${folder}/chaos`)), uninterrupted);

    const process = start("train", folder, [...recipe, `--runs-dir=${folder}/killed`]);
    await process.printed(/Epoch 0?3/);
    process.signal("SIGKILL");
    await process.finished;
    const killed = await latestOf(`${folder}/killed`);
    const { code } = await run("resume", folder, [killed, "--exit", "--port=0", "--workers=3"]);
    assertEquals([code, await digestOf(killed)], [0, uninterrupted]);

    const verified = await run("verify", folder, [killed, "--workers=1"]);
    assertEquals(verified.code, 0, verified.stderr);
    assertStringIncludes(verified.stdout, "up to round 120 match"); // 10 steps are rounds of 3, 3, 3 and 1
  }));

natsTest(
  "groups: three processes, one of them killed, end with the digest of one",
  (server) =>
    withFolder(async (folder) => {
      const recipe = [...COMMON, "--epochs=40", "--workers=1"];
      await run("train", folder, [...recipe, `--runs-dir=${folder}/alone`]);
      const join = (node: string, minNodes: number) => {
        const cluster = [`--cluster=${server.url}`, "--name=groups", `--node=${node}`, `--min-nodes=${minNodes}`];
        return start("train", folder, [...recipe, ...cluster, `--runs-dir=${folder}/${node}`]);
      };
      // The first one leads, and begins when all are there.
      const victim = join("a", 3);
      await victim.printed(/Leads from round 1 on/);
      const others = [join("b", 1), join("c", 1)];
      await victim.printed(/Epoch 0?1/);
      victim.signal("SIGKILL");
      const ended = await Promise.all(others.map(({ finished }) => finished));
      for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
      const expected = await digestOf(await latestOf(`${folder}/alone`));
      for (const node of ["b", "c"]) assertEquals(await digestOf(await latestOf(`${folder}/${node}`)), expected);
      assert((await victim.finished).code !== 0, "the one that was killed had finished");
    }),
);
