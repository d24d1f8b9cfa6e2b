/** Several processes of the product on one NATS server, as people start them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { natsTest } from "../cluster/nats_server.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { start } from "./process.ts";

const RECIPE = ["--shards=6", "--vocabulary=300", "--epochs=4", "--steps-per-epoch=15", "--target-accuracy=0"];
const COMMON = [...RECIPE, "--workers=1", "--exit", "--port=0"];

const digestIn = (stdout: string) => /Digest: +([0-9a-f]{64})/.exec(stdout)?.[1];

natsTest(
  "three processes end with the digest of one, and each knows the whole run",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const alone = await start("train", folder, [...COMMON, `--runs-dir=${folder}/alone`]).finished;
      const cluster = [`--cluster=${server.url}`, "--name=three", "--min-nodes=3"];
      const processes = ["a", "b", "c"].map((node) =>
        start("train", folder, [...COMMON, ...cluster, `--node=${node}`, `--runs-dir=${folder}/${node}`])
      );
      const ended = await Promise.all(processes.map(({ finished }) => finished));
      for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
      assert(digestIn(alone.stdout));
      assertEquals(ended.map(({ stdout }) => digestIn(stdout)), new Array(3).fill(digestIn(alone.stdout)));
      assertMatch(ended.map(({ stdout }) => stdout).join(), /Leads from round 1 on/);
    }),
);
