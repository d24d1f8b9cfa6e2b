import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { predictCommand } from "../../../lib/cli/commands/predict.ts";
import { bytesOf } from "../../data/reading.ts";
import { soon } from "../../serve/http/reading.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";
import { answersOf, ask, withModel, WORDS } from "../saved_model.ts";
import { ROOT } from "../process.ts";

const CSV = "id,text\n1,the kettle\n2,lamp\n";
const LABELLED = /^id,text,label,confidence\n1,the kettle,(odd|even),0\.\d+\n2,lamp,(odd|even),0\.\d+\n$/;

Deno.test("predict --out writes the rows of a file with their labels, and says so", () =>
  withModel(WORDS, async (folder, run) => {
    const [file, out] = [join(folder, "new.csv"), join(folder, "labelled.csv")];
    await Deno.writeTextFile(file, CSV);
    const before = [...Deno.readDirSync(folder)].length;
    const said = await ask([run, "--data", file, "--out", out]);
    assertEquals([said.end, said.out, said.notes], [0, `Wrote 2 rows to ${out}\n`, []]);
    const text = await Deno.readTextFile(out);
    assertMatch(text, LABELLED);
    assertEquals([...Deno.readDirSync(folder)].length, before + 1);

    // An existing file stays unless it may be replaced; the file of the rows may be replaced by itself.
    const again = await ask([run, file, "--out", out, "--threshold", "1"]);
    assertEquals(again.end, `Cannot write to "${out}": it exists. Use --force to replace it`);
    assertEquals(await Deno.readTextFile(out), text);
    const forced = await ask([run, out, "--out", out, "--force", "--threshold", "1"]);
    assertEquals(forced.out, `Wrote 2 rows to ${out}, 2 rows without a label\n`);
    assertStringIncludes(
      await Deno.readTextFile(out),
      "id,text,label,confidence,predicted_label,predicted_confidence,rejected\n",
    );
  }));

Deno.test("predict --out writes standard input to standard output, and notes to standard error", () =>
  withModel(WORDS, async (_, run) => {
    for (const args of [["--out", "-"], ["--data", "-", "--out", "-"], ["--data=-", "--out=-"]]) {
      const said = await ask([run, ...args], CSV);
      assertMatch(said.out, LABELLED);
      assertEquals([said.end, said.notes], [0, ["Wrote 2 rows"]]);
    }
    // Tabs and control characters are data.
    const tabs = await ask([run, "--out", "-"], "id\ttext\n\x07\tthe\n");
    assertMatch(tabs.out.replace("\x07", "BEL"), /^id\ttext\tlabel\tconfidence\nBEL\tthe\t(odd|even)\t0\.\d+\n$/);
  }));

Deno.test("predict --out leaves no file if a row is bad, or its error with --on-bad-row skip", () =>
  withModel(WORDS, async (folder, run) => {
    const out = join(folder, "labelled.csv");
    const bad = "text,id\nthe,1\nlamp,2,3\n";
    const before = [...Deno.readDirSync(folder)].length;
    const { end } = await ask([run, "--out", out], bad);
    assertStringIncludes(String(end), "standard input:3 has 3 fields, expected 2");
    assertEquals([...Deno.readDirSync(folder)].length, before);
    const said = await ask([run, "--out", out, "--on-bad-row", "skip"], bad);
    assertEquals([said.end, said.out], [0, `Wrote 2 rows to ${out}, 1 bad row\n`]);
    assertMatch(await Deno.readTextFile(out), /\nlamp,"2,3",,,"has 3 fields.*\n$/);
  }));

Deno.test("predict --out refuses several files, folders, missing folders and two thresholds", () =>
  withModel(WORDS, async (folder, run) => {
    const file = join(folder, "new.csv");
    await Deno.writeTextFile(file, CSV);
    const cases: [args: string[], wanted: string][] = [
      [["--data", file, "other.csv", "--out", "-"], "--out takes the rows of one file, but --data names 2 files"],
      [["--data", file, "--out", folder], `Cannot write to "${folder}": it is a folder`],
      [["--data", file, "--out", "/dev/null", "--force"], 'Cannot write to "/dev/null": it is no regular file'],
      [["--data", file, "--out", join(folder, "x", "y")], `there is no folder "${join(folder, "x")}"`],
      [["--data", file, "--out", "-", "--threshold", "2"], "--threshold is 2: expected at most 1"],
      [
        ["--data", file, "--threshold", "0.5", "--reject", "0.9"],
        "--threshold and --reject both set the least confidence",
      ],
    ];
    for (const [args, wanted] of cases) assertStringIncludes(String((await ask([run, ...args])).end), wanted);
  }));

Deno.test("predict --top and --threshold also hold for answers to texts, lines and rows", () =>
  withModel(WORDS, async (_, run) => {
    assertMatch(
      (await ask([run, "the", "--top", "1"])).out,
      /^Class: \d \((odd|even)\) - Probabilities: \w+ [\d.]+%\n$/,
    );
    assertMatch((await ask([run, "the", "--threshold", "1"])).out, /^Class: none of these, as /);
    const [line] = answersOf(await ask([run, "--top", "1"], "the\n"));
    const [full] = answersOf(await ask([run], "the\n"));
    const { label, probabilities } = full!;
    assertEquals(line!.top, [{ label, probability: Math.max(...probabilities as number[]) }]);
    assertEquals(line!.probabilities, undefined);
    const [row] = answersOf(await ask([run, "--data", "-", "--top", "1", "--threshold", "1"], "text\nthe\n"));
    assertEquals([row!.label, Object.keys(row!.probabilities as object)], [null, [label]]);
  }));

Deno.test("the task predict may write only its output, and its rename", () =>
  withModel(WORDS, async (folder, run) => {
    await Deno.writeTextFile(join(folder, "new.csv"), CSV);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-prompt", "-P=predict", "main.ts", "predict", run, "--data", join(folder, "new.csv")]
        .concat("--out", join(folder, "labelled.csv")),
      cwd: ROOT,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([code, said.includes("Wrote 2 rows")], [0, true], said);
    assertMatch(await Deno.readTextFile(join(folder, "labelled.csv")), LABELLED);
  }));

Deno.test("predict --out leaves no file when it is interrupted", () =>
  withModel(WORDS, async (folder, run) => {
    const interruption = new AbortController();
    const before = [...Deno.readDirSync(folder)].length;
    const open = () => [...Deno.readDirSync(folder)].length > before;
    async function* endless() {
      yield bytesOf(CSV);
      // The file is open when the second piece is wanted.
      assertEquals(open(), true);
      interruption.abort();
      await new Promise(() => {});
    }
    const io = { terminal: fakeTerminal(), input: endless(), interrupted: () => interruption.signal };
    const labelling = predictCommand([run, "--out", join(folder, "labelled.csv")], io);
    await assertRejects(() => soon(labelling, "an end"), Error, "Interrupted: nothing was written");
    assertEquals(open(), false);
  }));
