import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exportCommand } from "../../../lib/cli/commands/export.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { EXPORT_FORMATS } from "../../../lib/run/export/export.ts";
import { WHITE_SPACE } from "../../run/training/white_space_tokenizer.ts";
import { jsonLines, smallRows } from "../../api/small.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";
import { withModel, WORDS } from "../saved_model.ts";
import { latestOf, run, TINY, withFolder } from "../process.ts";

Deno.test("export writes a run's model, and says what is wrong with its arguments", () =>
  withFolder(async (folder) => {
    await run("train", folder, [...TINY, "--epochs", "1", "--exit", "--port", "0", "--runs-dir", folder]);
    const latest = await latestOf(folder);
    const one = await run("export", folder, [latest, "--to", "safetensors"]);
    assertEquals([one.code, one.stderr], [0, ""]);
    assertEquals(
      one.stdout,
      `Wrote lockstep.json, model.safetensors, model.py, requirements.txt, README.md to ${latest}/safetensors\n`,
    );
    const other = await run("export", folder, [latest, "--to", "tfjs", "--out", `${folder}/web`]);
    assertEquals(
      other.stdout,
      `Wrote lockstep.json, model.json, weights.bin, predict.js, reading.js, huggingface.js, predict.d.ts, package.json, README.md to ${folder}/web\n`,
    );

    const refused = async (args: readonly string[], message: string) => {
      const { code, stderr } = await run("export", folder, args);
      assertEquals(code, 2);
      assertStringIncludes(stderr, message);
    };
    await refused([latest, "--to", "gguf"], "--to is gguf: expected js, tfjs, safetensors or onnx");
    await refused([latest], "--to is missing");
    await refused([`${folder}/none`, "--to", "tfjs"], "There is no run in");
    await refused(
      [latest, "--to", "tfjs", "--out", "/nowhere"],
      "deno run -P=export --allow-read=.,/nowhere --allow-write=/nowhere main.ts",
    );
  }));

Deno.test("export says which texts the export of a model with a Hugging Face tokenizer accepts", async () => {
  const said = async (change: Partial<PreprocessingJson>) => {
    const terminal = fakeTerminal();
    await withModel({ ...WORDS, tokenizer: WHITE_SPACE, ...change }, async (folder, directory) => {
      for (const format of Object.keys(EXPORT_FORMATS)) {
        assertEquals(await exportCommand([directory, "--to", format, "--out", `${folder}/${format}`], { terminal }), 0);
      }
    });
    return terminal.stdout().split("\n").slice(0, -1).filter((line) => !line.startsWith("Wrote"));
  };
  const old = await said({ rules: 1 });
  assertEquals(old.length, Object.keys(EXPORT_FORMATS).length);
  for (const line of old) assertStringIncludes(line, "or token ids, but no texts");
  assertEquals(
    await said({ rules: 2 }),
    ["model.py", "predict.py"].map((name) => `For texts ${name} needs the Python package tokenizers`),
  );
});

Deno.test("export --size writes a small model, and says what it has left and what that costs", () =>
  withFolder(async (folder) => {
    const rows = smallRows(200).map(({ text, label }, row) => ({ text: `${text} w${row % 97}`, label }));
    await Deno.writeTextFile(`${folder}/rows.jsonl`, jsonLines(rows));
    const flags = [
      "--hidden",
      "8",
      "--embedding",
      "8",
      "--letter-rows",
      "256",
      "--epochs",
      "1",
      "--exit",
      "--port",
      "0",
    ];
    await run("train", folder, [`${folder}/rows.jsonl`, ...flags, "--runs-dir", folder]);
    const latest = await latestOf(folder);
    const exported = await run("export", folder, [latest, "--to", "js", "--size", "20kB"]);
    assertEquals([exported.code, exported.stderr], [0, ""]);
    const [, sizes, content, cost] = exported.stdout.split("\n");
    assertMatch(sizes!, /^model\.lockstep: [\d.]+\skB → (19\.\d|20\.0)\skB$/);
    assertMatch(content!, /^Kept: [\d,]+ of [\d,]+ n-grams, \d+ of \d+ words of the LSTM, numbers as 8 bits$/);
    assertMatch(cost!, /^On the validation rows: accuracy [\d.]+\s?% → [\d.]+\s?% \((equal|[+−][\d.]+)\)$/);
    assert((await Deno.stat(`${latest}/js/model.lockstep`)).size <= 20_000);
    for (
      const [args, message] of [
        [["--to", "js", "--size", "small"], '--size is "small": expected a size such as 300kB, 1MB or 1MiB'],
        [["--to", "js", "--size", "10"], "size is 10 bytes: expected at least"],
        [["--to", "onnx", "--size", "1MB"], "--size is for --to js, but --to is onnx"],
      ] as const
    ) {
      const { code, stderr } = await run("export", folder, [latest, ...args]);
      assertEquals(code, 2);
      assertStringIncludes(stderr, message);
    }
    await Deno.remove(`${folder}/rows.jsonl`);
    const { stdout } = await run("export", folder, [latest, "--to", "js", "--size", "20kB"]);
    assertStringIncludes(stdout, "The cost in accuracy was not measured: ");
  }));
