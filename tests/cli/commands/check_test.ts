import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { checkCommand } from "../../../lib/cli/commands/check.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { bytesOf, pieces, withFiles } from "../../data/reading.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";
import { run } from "../process.ts";

const THREADS = { foldsUrl: new URL("../../../workers/folds.ts", import.meta.url), cores: 2 };

/** Returns the output of `check` for `content` on standard input, and its exit code. */
async function check(content: string, ...args: string[]) {
  const terminal = fakeTerminal();
  const code = await checkCommand([...args, "-"], { ...THREADS, terminal, input: pieces(bytesOf(content), 1 << 16) });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

const GOOD = `text,label\n${
  Array.from({ length: 40 }, (_, i) => `"word${i % 7}, common",${i % 4 ? "ham" : "spam"}\n`).join("")
}`;

Deno.test("check shows bins and categories, and what a random split hides", async () => {
  const rows = Array.from(
    { length: 100 },
    (_, at) => `${at % 7},${at % 11 === 0 ? "" : at},${at % 3 ? "CH" : "DE"},c${at % 10},${at % 2}\n`,
  );
  const content = `subject,amount,country,who,label\n${rows.join("")}`;
  const columns = "subject:text,amount:number,country:category";
  const { code, stdout } = await check(content, "--columns", columns, "--group-column", "who", "--validation", "0.2");
  assertEquals(code, 0);
  assertMatch(stdout, /^Columns {5}amount: 8 bins: <\d+ \(\d+\), .*, missing in \d+ rows$/m);
  assertMatch(stdout, /^ {12}country: 2 categories: CH \(\d+\), DE \(\d+\)$/m);
  assertStringIncludes(stdout, 'Split       by "who": 8 groups to train on, 2 others to validate\n');
  assertStringIncludes(stdout, "  group: 20 of 20 (100.0%), here none\n");
});

Deno.test("check measures n-grams with a random split beside the one by groups", () => {
  const WORDS = [..."abcdefghijklmnopqrst"];
  // Each customer has a word and a label of its own, so that the label of a new one is a guess.
  const rows = Array.from({ length: 200 }, (_, at) => `${WORDS[at % 20]} hello,c${at % 20},${at % 20 % 2}\n`);
  return withFiles({ "rows.csv": `text,who,label\n${rows.join("")}` }, async (folder) => {
    const terminal = fakeTerminal();
    await checkCommand([`${folder}/rows.csv`, "--group-column", "who", "--validation", "0.5", "--json"], {
      ...THREADS,
      terminal,
    });
    const { accuracy } = JSON.parse(terminal.stdout()).split;
    assert(accuracy.random > 0.95 && accuracy.own < 0.8, JSON.stringify(accuracy));
  });
});

Deno.test("check prints statistics of data that training would accept, and exits with 0", async () => {
  const { code, stdout, stderr } = await check(GOOD);
  assertEquals([code, stderr], [0, ""]);
  for (
    const line of [
      'standard input: CSV with commas, a header, text and label in columns "text" and "label", 821 bytes',
      "Rows        40: 36 training, 4 validation",
      "Classes     2",
      "  ham   30   75.0%  ████████████████████████",
      "  spam  10   25.0%  ████████",
      "Tokens      50% of the rows have up to 3, 90% 3, 95% 3, 99% 3, the longest has 3",
      "Vocabulary  9 of 9 different tokens in the training rows, of which 0 occur once",
      "Coverage    known tokens: 100.0% training, 100.0% validation",
      "Duplicates  33 rows have the tokens of an earlier row",
      "  standard input:9 (ham), same as standard input:2 (spam): word0, common",
      "  … and 28 more",
      "Bad rows    none",
      "Training would accept this data",
      "deno task train -",
    ]
  ) assertStringIncludes(stdout, `${line}\n`);
});

Deno.test("check shows texts, warns of rare classes, and ends with the command that trains", () => {
  const spam = Array.from({ length: 61 }, (_, i) => `"Spam ${i % 60}, ${"again ".repeat(30)}",spam\n`).join("");
  const content = `text,label\n${spam}"spam 7 , ${"again ".repeat(30)}",ham\nham,ham\n`;
  return withFiles({ "my rows.csv": content }, async (folder) => {
    const file = `${folder}/my rows.csv`;
    const terminal = fakeTerminal();
    assertEquals(
      await checkCommand([file, "--seed", "2", "--no-lowercase", "--validation=0"], { ...THREADS, terminal }),
      0,
    );
    const lines = terminal.stdout().trimEnd().split("\n");
    assertEquals(lines.at(-1), `deno task train '${file}' --seed 2 --no-lowercase --validation=0`);
    const example = lines[lines.findIndex((line) => line.startsWith("Duplicates")) + 1];
    assertMatch(example ?? "", /my rows\.csv:62 \(spam\), same as .*my rows\.csv:2 \(spam\): Spam 0, again .*…$/);
    const warning = 'the class "ham" (2 training rows) has no more than a 20th of the training rows of the largest one';
    assert(lines.some((line) => line.startsWith(`Warning     ${warning}. If rare`)), lines.join("\n"));
    const json = await check(GOOD, "--json");
    assertEquals(JSON.parse(json.stdout).conflicts.examples[0].text, "word0, common");
  });
});

Deno.test("check counts the words that a file of vectors has, and exits with 2 if it has none", () =>
  withFiles({ "words.vec": "3 1\nword1 0.5\ncommon 1\nnever 2\n", "other.txt": "quelque 1\n" }, async (folder) => {
    const { code, stdout } = await check(GOOD, "--vectors", `${folder}/words.vec`);
    assertEquals(code, 0);
    const has = "2 of the known tokens, which are 38.9% of all tokens, and 1 other word have one of 1 value";
    assertStringIncludes(stdout, `Vectors     ${has}\n`);
    const refused = await check(GOOD, "--vectors", `${folder}/other.txt`);
    assertEquals(refused.code, 2);
    assertStringIncludes(
      refused.stderr,
      `error: Cannot use "${folder}/other.txt" as vectors: none of the 9 known tokens`,
    );
  }));

Deno.test("check lists at most twenty bad rows, and exits with 2 unless they are skipped", async () => {
  const content = GOOD + "bad\n".repeat(30);
  const { code, stdout, stderr } = await check(content);
  assertEquals(code, 2);
  assertStringIncludes(stdout, "Bad rows    30\n  standard input:42 has 1 field, expected 2 (text, label)\n");
  assertStringIncludes(stdout, "  … and 10 more\n");
  assertStringIncludes(stdout, "Training would refuse this data:\n");
  assertEquals(stderr.split("\n").length, 22);
  assertStringIncludes(stderr, "error: and 10 more bad rows: set --on-bad-row to skip to leave such rows out\n");
  const skipped = await check(content, "--on-bad-row", "skip");
  assertEquals([skipped.code, skipped.stderr], [0, ""]);
  assertStringIncludes(skipped.stdout, "Bad rows    30\n");
});

Deno.test("check prints what there is of data that training would refuse, and why", async () => {
  const { code, stdout, stderr } = await check("text,label\na,x\nb,x\n");
  assertEquals(code, 2);
  assertStringIncludes(stdout, "Rows        2:");
  assertStringIncludes(
    stderr,
    'error: Cannot train on standard input: all 2 rows have the label "x", expected at least two classes',
  );
});

Deno.test("check lists the largest and the smallest of many classes", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `common,class ${i % 30}\n`);
  const { stdout } = await check(`text,label\n${rows.join("")}`);
  assertStringIncludes(stdout, "Classes     30\n");
  assertStringIncludes(stdout, "  … 10 more …\n");
  assertEquals(stdout.match(/^ {2}class /gm)?.length, 20);
});

Deno.test("check --json prints only JSON: the statistics and why training would refuse the data", async () => {
  const figures = z.object({
    sources: z.array(z.object({ sha256: z.string().length(64) })),
    classes: z.array(z.object({ label: z.string(), training: z.int() })),
    refusals: z.array(z.object({ field: z.string(), message: z.string() })),
  });
  const good = await check(GOOD, "--json");
  assertEquals(good.code, 0);
  assertEquals(figures.parse(JSON.parse(good.stdout)).classes, [
    { label: "ham", training: 27 },
    { label: "spam", training: 9 },
  ]);
  const bad = await check("text,label\na,x\n", "--json");
  assertEquals(bad.code, 2);
  assertEquals(figures.parse(JSON.parse(bad.stdout)).refusals.length, 1);
});

Deno.test("check refuses wrong flags by name, no file at all, and a column that is not there", async () => {
  const refused = async (args: string[], words: string) => {
    const error = await assertRejects(() => check(GOOD, ...args), InputError);
    assertStringIncludes(error.message, words);
  };
  await refused(["--min-count", "0"], "--min-count is 0: expected at least 1");
  await refused(["--max-length", "long"], '--max-length is "long": expected auto or a number');
  await refused(["--text-colum", "a"], "did you mean --text-column?");
  await refused(["--label-column", "lable"], '`labelColumn` "label"');
  await assertRejects(() => checkCommand([], { ...THREADS, terminal: fakeTerminal() }), InputError, "No file is named");
});

Deno.test("check --help names every flag", async () => {
  const { code, stdout } = await check(GOOD, "--help");
  assertEquals(code, 0);
  for (const flag of ["--text-column TEXT", "--validation N", "--on-bad-row stop|skip", "--json", "--no-lowercase"]) {
    assertStringIncludes(stdout, flag);
  }
});

Deno.test("the task check may read, and do nothing else: files anywhere, or standard input", async () => {
  await withFiles({ "a.csv": GOOD, "b.csv": "nothing" }, async (folder) => {
    const good = await run("check", folder, [`${folder}/a.csv`]);
    assertEquals([good.code, good.stderr], [0, ""]);
    assertStringIncludes(good.stdout, "Training would accept this data");
    assertEquals((await run("check", folder, ["-"], GOOD)).code, 0);
    const bad = await run("check", folder, [`${folder}/b.csv`]);
    assertEquals([bad.code, bad.stdout], [2, ""]);
    assert(
      bad.stderr.startsWith(
        `error: Cannot read "${folder}/b.csv": it has no column "text", only one column, "nothing"`,
      ),
    );
  });
});
