import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { latestOf, ROOT, run, TINY, withFolder } from "../process.ts";

/** Returns those of `paths` that a training with `config` may read, with the permission set of `train` and `flags`. */
async function readable(config: unknown, paths: readonly string[], flags: readonly string[] = []): Promise<string[]> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "--no-prompt",
      "-P=train",
      ...flags,
      "tests/cli/arguments/reading_probe.ts",
      JSON.stringify(config),
      ...paths,
    ],
    cwd: ROOT,
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("training may read only the files that its config names, those beside them, and the project", () =>
  withFolder(async (folder) => {
    const named = [
      "rows.csv",
      "more.csv",
      "test.csv",
      "weights",
      "token",
      "tokenizer.json",
      "tokenizer_config.json",
      "v.txt",
    ];
    await Deno.mkdir(join(folder, "data"));
    const all = [...named, "other.csv", "data/rows.csv"].map((name) => join(folder, name));
    for (const path of all) await Deno.writeTextFile(path, "x");
    const at = (name: string) => join(folder, name);
    const config = {
      data: [at("rows.csv")],
      validation: at("more.csv"),
      test: at("test.csv"),
      weights: at("weights"),
      tokenFile: at("token"),
      tokenizer: at("tokenizer.json"),
      vectors: at("v.txt"),
      dataDir: at("data"),
      clusterCa: "",
    };
    const project = join(ROOT, "deno.json");
    const expected = [...named.map(at), at("data/rows.csv"), project];
    assertEquals(
      await readable(config, [...all, project]),
      all.filter((path) => expected.includes(path)).concat(project),
    );
    assertEquals(await readable({ data: ["-"], tokenizer: "words", validation: 0.1 }, [...all, project]), [project]);
    // Who says that all may be read means it.
    assertEquals(await readable({}, all, ["--allow-read"]), all);
  }));

Deno.test("a task without a permission exits with 2 and prints the command that grants it", () =>
  withFolder(async (folder) => {
    const runs = join(folder, "runs");
    await run("train", folder, [...TINY, "--epochs=1", "--exit", "--port=0", "--runs-dir", runs]);
    const directory = await latestOf(runs);
    const token = join(folder, "token");
    const texts = join(folder, "texts.csv");
    await Deno.writeTextFile(texts, "text,label\na,b\n");
    /** Runs a task with only the permissions of its set. */
    const alone = async (task: string, set: string, args: readonly string[]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "--no-prompt", `-P=${set}`, "main.ts", task, ...args],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      // The clone may have a library of older sources.
      const said = new TextDecoder().decode(stderr).replace(/^warning: the kernels are WebAssembly: .*\n/, "");
      assertEquals([code, said.includes("Requires"), said.trim().split("\n").length], [2, false, 1], said);
      return said;
    };
    const how = (set: string, path: string) => `Start with deno run -P=${set} --allow-read=.,${path}`;
    for (const path of [directory, join(runs, "latest")]) {
      const granted = path === directory ? directory : runs;
      const said = await alone("serve", "serve", [path]);
      assertStringIncludes(said, `Cannot read the run "${path}": this process may not read "${granted}". Start with`);
      assertStringIncludes(said, `${how("serve", granted)} main.ts serve …`);
    }
    const config = ["--exit", "--port=0", ...TINY, "--epochs=1"];
    assertStringIncludes(
      await alone("train", "train", [...config, "--runs-dir", runs]),
      `--allow-write=${runs} main.ts train`,
    );
    assertStringIncludes(await alone("train", "serve", [...config, "--token-file", token]), how("train", token));
    assertStringIncludes(await alone("check", "serve", [texts]), how("check", texts));
    // predict reads named files in any folder.
    const said = await alone("predict", "predict", [directory, "--data", texts]);
    assertStringIncludes(said, "was not trained on files");
    assertStringIncludes(await alone("predict", "serve", [directory]), how("predict", directory));
  }));
