/** Tests the findings about rows: `check` and training report them, and `evaluate` reports rows that were trained on. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { latestOf, run, TINY, withFolder } from "../process.ts";

/** Rows of two classes: 60 different ones, 30 copies and 6 copies with the other label. */
function rows(): string {
  const row = (at: number, label = at % 2) => `word${at} and word${at % 7},${label === 0 ? "ham" : "spam"}\n`;
  const copies = Array.from({ length: 30 }, (_, at) => row(at)).join("");
  const wrong = Array.from({ length: 6 }, (_, at) => row(at, 1 - at % 2)).join("");
  return `text,label\n${Array.from({ length: 60 }, (_, at) => row(at)).join("")}${copies}${wrong}`;
}

const flags = (folder: string) => [...TINY.slice(0, 4), "--epochs", "1", "--exit", "--port", "0", "--runs-dir", folder];

Deno.test("train prints the findings of check, and evaluate warns about rows that were trained on", () =>
  withFolder(async (folder) => {
    const file = `${folder}/rows.csv`;
    await Deno.writeTextFile(file, rows());
    const split = ["--validation", "0.3"];
    const checked = JSON.parse((await run("check", folder, [file, "--json", ...split])).stdout);
    const [conflicts, leaks, known] = [checked.conflicts.rows, checked.leaks.validation.rows, checked.vocabulary.known];
    assert(conflicts > 0 && leaks > 0);
    const shown = (await run("check", folder, [file, ...split])).stdout;
    assertStringIncludes(shown, `${known} of ${checked.vocabulary.distinct} different tokens`);
    const trained = await run("train", folder, ["--data", file, ...split, ...flags(folder)]);
    assertEquals([trained.code, trained.stderr], [0, ""]);
    assertStringIncludes(trained.stdout, `, ${known} known tokens (`);
    const lines = trained.stdout.split("\n").filter((line) => line.startsWith("Warning: "));
    assertEquals(lines, [
      `Warning: ${conflicts} rows have another label than an earlier row with the same tokens: deno task check lists them`,
      `Warning: ${leaks} validation rows have the tokens of a training row: deno task check lists them`,
    ]);

    // A run of an earlier version knows only its files.
    const directory = await latestOf(folder);
    await Deno.remove(`${directory}/training_rows.bin`);
    await Deno.copyFile(file, `${folder}/called_otherwise.csv`);
    const judged = await run("evaluate", folder, [directory, "--data", `${folder}/called_otherwise.csv`]);
    assertEquals(judged.code, 0, judged.stderr);
    const { training, validation } = checked.parts;
    assertEquals(training.rows + validation.rows, 96);
    assertStringIncludes(
      judged.stderr,
      `called_otherwise.csv was trained on: ${training.rows} of the 96 rows in the run's training files (`,
    );
    assertEquals(JSON.parse(await Deno.readTextFile(`${directory}/evaluation.json`)).trainedOn, undefined);
  }));

Deno.test("evaluate counts the rows that were trained on, in any file", () =>
  withFolder(async (folder) => {
    const texts = Array.from({ length: 40 }, (_, at) => `Über  word${at}, and "word${at % 7}"`);
    const labelOf = (at: number) => at % 2 === 0 ? "ham" : "spam";
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const csv = (rows: number[]) => rows.map((at) => `${quoted(texts[at]!)},${labelOf(at)}\n`).join("");
    const all = texts.map((_, at) => at);
    await Deno.writeTextFile(`${folder}/rows.csv`, `text,label\n${csv(all.slice(0, 30))}`);
    await Deno.writeTextFile(`${folder}/validation.csv`, `text,label\n${csv(all.slice(30))}`);
    const data = ["--data", `${folder}/rows.csv`, "--validation", `${folder}/validation.csv`];
    const trained = await run("train", folder, [...data, ...flags(folder)]);
    assertEquals(trained.code, 0, trained.stderr);
    const directory = await latestOf(folder);

    const files: [name: string, content: string, trainedOn: number, rows: number][] = [
      ["a_row_more.csv", `text,label\n${csv(all.slice(0, 31))}`, 30, 31],
      ["both.csv", `text,label\n${csv(all)}`, 30, 40],
      ["some.csv", `text,label\n${csv([33, 3, 39, 5, 36])}`, 2, 5],
      ["columns.tsv", `label\ttext\n${all.map((at) => `${labelOf(at)}\t${quoted(texts[at]!)}\n`).join("")}`, 30, 40],
      [
        "lines.jsonl",
        all.map((at) => JSON.stringify({ label: labelOf(at), text: texts[at]! }) + "\r\n").join(""),
        30,
        40,
      ],
      ["fast.txt", all.map((at) => `__label__${labelOf(at)} ${texts[at]!}\n`).join(""), 30, 40],
      [
        "spelling.jsonl",
        all.map((at) =>
          JSON.stringify({ label: "ham", text: ` ${texts[at]!.normalize("NFD").toUpperCase().replace(",", ",\t")}\n` })
        )
          .join("\n"),
        30,
        40,
      ],
      // Words that the model does not know tell rows apart as well.
      ["new.csv", `text,label\n${csv(all.slice(30))}über new1 and ,ham\nüber new2 and ,ham\n`, 0, 12],
    ];
    for (const [name, content, trainedOn, rows] of files) {
      await Deno.writeTextFile(`${folder}/${name}`, content);
      const { code, stderr } = await run("evaluate", folder, [directory, "--data", `${folder}/${name}`]);
      const share = (100 * trainedOn / rows).toFixed(2);
      const warning =
        `warning: ${trainedOn} of ${rows} rows (${share}%) were trained on. Leave them out to learn how the ` +
        "model does on new rows\n";
      assertEquals([code, stderr], [0, trainedOn === 0 ? "" : warning], name);
      assertEquals(JSON.parse(await Deno.readTextFile(`${directory}/evaluation.json`)).trainedOn, trainedOn, name);
    }
  }));

Deno.test("check, train and evaluate warn of labels that are glued to something, by the line", () =>
  withFolder(async (folder) => {
    const file = `${folder}/rows.txt`;
    const line = (at: number) =>
      `__label__${at % 2 === 0 ? "ham" : "spam"}${at === 5 || at === 9 ? "__label__x" : ""} word${at}\n`;
    await Deno.writeTextFile(
      file,
      `${Array.from({ length: 40 }, (_, at) => line(at)).join("")}__label__ham see!__label__spam\n`,
    );
    const trained = await run("train", folder, ["--data", file, ...flags(folder)]);
    assertEquals(trained.code, 0, trained.stderr);
    const told = [
      (await run("check", folder, [file])).stdout,
      trained.stdout,
      (await run("evaluate", folder, [await latestOf(folder), "--data", file])).stderr,
    ];
    for (const text of told) {
      assertMatch(text, /^[Ww]arning:? +\S*rows\.txt:6 has __label__ within a label.* \(and 1 more such row\)$/m);
      assertMatch(text, /^[Ww]arning:? +\S*rows\.txt:41 has __label__ within a word/m);
    }
  }));

Deno.test("check and train warn of so few validation rows that their accuracy says nothing", () =>
  withFolder(async (folder) => {
    const file = `${folder}/tiny.csv`;
    await Deno.writeTextFile(file, rows().split("\n").slice(0, 13).join("\n"));
    const warning = /^Warning:? +only \d+ validation rows?: the accuracy on so few means little/m;
    assertMatch((await run("check", folder, [file])).stdout, warning);
    const trained = await run("train", folder, ["--data", file, ...flags(folder)]);
    assertMatch(trained.stdout, warning, trained.stderr);
  }));
