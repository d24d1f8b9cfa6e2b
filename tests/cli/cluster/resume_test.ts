/** Machines that leave a run and come back to it, and those that bring something else. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { viewOf } from "./cluster_view.ts";
import { type Finished, run, start } from "../process.ts";

const RECIPE = [
  "--shards=4",
  "--epochs=16",
  "--steps-per-epoch=20",
  "--target-accuracy=0",
  "--held-out=64",
  "--batch-size=16",
];
const COMMON = ["--workers=1", "--exit", "--port=0"];

const digestIn = ({ stdout }: Finished) => /Digest: +([0-9a-f]{64})/.exec(stdout)?.[1];

natsTest(
  "resume RUN --cluster: killed and stopped machines return, with the same digest",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const alone = await run("train", folder, [...RECIPE, ...COMMON, `--runs-dir=${folder}/alone`]);
      const cluster = [`--cluster=${server.url}`, "--name=back", "--min-nodes=2", ...COMMON];
      const train = (node: string) =>
        start("train", folder, [...RECIPE, ...cluster, `--node=${node}`, `--runs-dir=${folder}/${node}`]);
      const resume = (node: string) =>
        start("resume", folder, [`${folder}/${node}/latest`, ...cluster, `--node=${node}`]);
      const [a, b] = [train("a"), train("b")];
      const { round } = await viewOf(a, (view) => view.round > 20 && view.members.length === 2);
      b.signal("SIGKILL");
      await b.finished;
      const again = resume("b");
      await viewOf(a, (view) => view.round > round + 60);
      for (const process of [a, again]) process.signal("SIGTERM");
      const stopped = await Promise.all([a.finished, again.finished]);
      for (const { code, stdout } of stopped) {
        assertEquals(code, 0);
        assertMatch(stdout, /Stopped: asked to stop/);
      }
      const ended = await Promise.all(["a", "b"].map((node) => resume(node).finished));
      for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
      assert(digestIn(alone));
      assertEquals(ended.map(digestIn), new Array(2).fill(digestIn(alone)));
    }),
);

natsTest(
  "a machine with other data or another config is refused with the difference",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const rows = (word: string) => Array.from({ length: 60 }, (_, i) => `${word} ${i % 7},${i % 2 ? "yes" : "no"}`);
      const file = async (name: string, word: string) => {
        await writeFile(join(folder, name), ["text,label", ...rows(word)].join("\n"));
        return `--data=${folder}/${name}`;
      };
      const cluster = [`--cluster=${server.url}`, "--name=same", ...COMMON, `--runs-dir=${folder}/runs`];
      const recipe = ["--shards=2", "--epochs=1", "--ngrams=none", "--average=weights"];
      const first = await run("train", folder, [await file("a.csv", "apple"), ...recipe, ...cluster]);
      assertEquals([first.code, first.stderr], [0, ""]);
      const isRefused = ({ code, stderr }: Finished, words: RegExp) => {
        assertMatch(stderr, words);
        assertEquals(code, 2);
        assertEquals(stderr.trim().split("\n").length, 1, stderr);
      };
      const other = await run("train", folder, [await file("b.csv", "birch"), ...recipe, ...cluster]);
      isRefused(other, /\(data is of digest [0-9a-f]{12} there and of digest [0-9a-f]{12} here\)/);
      // The same rows elsewhere are the same data.
      const elsewhere = await run("train", folder, [await file("c.csv", "apple"), ...recipe, ...cluster]);
      assertEquals([elsewhere.code, elsewhere.stderr], [0, ""]);

      const parity = [...RECIPE, ...COMMON, "--epochs=1000000", "--max-seconds=0.3", `--runs-dir=${folder}/parity`];
      assertEquals((await run("train", folder, parity)).code, 0);
      const resumed = await run("resume", folder, [`${folder}/parity/latest`, ...cluster.slice(0, 2), ...COMMON]);
      isRefused(resumed, /another run has that name on the server \(.*task is "table" there and "parity" here/);
    }),
);
