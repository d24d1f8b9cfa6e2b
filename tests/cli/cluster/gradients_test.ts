/** A file of texts, whose default is to average gradients, on several machines. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { latestOf, run, start, withFolder } from "../process.ts";

/** Rows of some hundred words, each class with a word of its own; more rows of one class than of the others. */
function rowsOf(count: number): string {
  const lines = ["text,label"];
  for (let i = 0; i < count; i++) {
    const label = ["red", "green", "blue", "red"][i % 4]!;
    const words = Array.from({ length: 3 + i % 5 }, (_, k) => `w${(i * 37 + k * 101) % 300}`);
    lines.push(`${words.join(" ")} ${label}ish,${label}`);
  }
  return lines.join("\n");
}

async function digestOf(directory: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${directory}/summary.json`)).digest;
}

natsTest(
  "averaged gradients: machines that lose workers end with the digest of one machine",
  (server) =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/rows.csv`, rowsOf(500));
      const recipe = [
        `--data=${folder}/rows.csv`,
        "--hidden=8",
        "--embedding=8",
        "--epochs=4",
        "--class-weights=balanced",
      ];
      const common = [...recipe, "--ngrams=none", "--exit", "--port=0"];
      const alone = await run("train", folder, [...common, `--runs-dir=${folder}/alone`]);
      assertEquals([alone.code, alone.stderr], [0, ""]);
      const faults = ["--workers=2", "--max-restarts=100", "--chaos=kill=0.03,slow=0.05"];
      const machines = ["a", "b"].map((node) => {
        const cluster = [`--cluster=${server.url}`, "--name=texts", `--node=${node}`, "--min-nodes=2"];
        return start("train", folder, [...common, ...faults, ...cluster, `--runs-dir=${folder}/${node}`]);
      });
      const ended = await Promise.all(machines.map(({ finished }) => finished));
      for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(ended.map(({ stdout }) => stdout).join(), "killed by --chaos");
      const expected = await digestOf(await latestOf(`${folder}/alone`));
      assert(expected.length === 64);
      for (const node of ["a", "b"]) assertEquals(await digestOf(await latestOf(`${folder}/${node}`)), expected);
    }),
);
