/** What commands tell of the rows that they are given: training what `check` finds, `evaluate` what was trained on. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { latestOf, run, TINY, withFolder } from "./process.ts";

/** Rows of two classes: 60 different ones, 30 copies and 6 copies with the other label. */
function rows(): string {
  const row = (at: number, label = at % 2) => `word${at} and word${at % 7},${label === 0 ? "ham" : "spam"}\n`;
  const copies = Array.from({ length: 30 }, (_, at) => row(at)).join("");
  const wrong = Array.from({ length: 6 }, (_, at) => row(at, 1 - at % 2)).join("");
  return `text,label\n${Array.from({ length: 60 }, (_, at) => row(at)).join("")}${copies}${wrong}`;
}

const flags = (folder: string) => [...TINY.slice(0, 4), "--epochs", "1", "--exit", "--port", "0", "--runs-dir", folder];

Deno.test("train prints the conflicts, leaks and known tokens that check finds, and evaluate says what was trained on", () =>
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
    assertStringIncludes(trained.stdout, `, ${known} tokens known (`);
    const lines = trained.stdout.split("\n").filter((line) => line.startsWith("Warning: "));
    assertEquals(lines, [
      `Warning: ${conflicts} rows have another label than an earlier row with their tokens: deno task check lists them`,
      `Warning: ${leaks} rows that validate have the tokens of a training row: deno task check lists them`,
    ]);

    const directory = await latestOf(folder);
    await Deno.copyFile(file, `${folder}/called_otherwise.csv`);
    const judged = await run("evaluate", folder, [directory, "--data", `${folder}/called_otherwise.csv`]);
    assertEquals(judged.code, 0, judged.stderr);
    const { training, validation } = checked.parts;
    assertEquals(training.rows + validation.rows, 96);
    assertStringIncludes(
      judged.stderr,
      `called_otherwise.csv was trained on: ${training.rows} of the 96 rows in the run's training files (`,
    );
    await Deno.writeTextFile(`${folder}/new.csv`, "text,label\nword1 and word2,ham\n");
    const fresh = await run("evaluate", folder, [directory, "--data", `${folder}/new.csv`]);
    assertEquals([fresh.code, fresh.stderr], [0, ""]);
  }));

Deno.test("check and train warn of so few validation rows that their accuracy says nothing", () =>
  withFolder(async (folder) => {
    const file = `${folder}/tiny.csv`;
    await Deno.writeTextFile(file, rows().split("\n").slice(0, 13).join("\n"));
    const warning = /^Warning:? +\d+ validation rows?: (its|their) accuracy says? next to nothing of a model/m;
    assertMatch((await run("check", folder, [file])).stdout, warning);
    const trained = await run("train", folder, ["--data", file, ...flags(folder)]);
    assertMatch(trained.stdout, warning, trained.stderr);
  }));
