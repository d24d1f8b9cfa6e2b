import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../../lib/base/errors.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { checkCommand } from "../../../lib/cli/commands/check.ts";
import { options, withFiles } from "../../data/reading.ts";
import { sha256 as digestOf } from "../../../lib/base/sha256.ts";
import { writeSuspects } from "../../../lib/run/evaluation/write_suspects.ts";
import { trainTinyRows } from "../../run/tiny_run.ts";
import { soon } from "../../serve/http/reading.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";

const foldsUrl = new URL("../../../workers/folds.ts", import.meta.url);

/** Checks files, and returns what is printed. */
async function check(args: readonly string[], cores = 2, interrupted = () => new AbortController().signal) {
  const terminal = fakeTerminal();
  const code = await soon(checkCommand(args, { terminal, foldsUrl, cores, interrupted }), "check");
  return { code, out: terminal.stdout(), notes: terminal.stderr() };
}

const WORDS = { billing: "invoice charged refund card paid", shipping: "parcel late courier address lost" };
const FLIPPED = [7, 30, 55, 80, 101];

/** Returns 120 rows of two classes with an id; five of them have the label of the other class. */
function tickets(): string {
  const random = new Random(3, Stream.trainingData).seek(0);
  const classes = Object.entries(WORDS).map(([label, words]) => ({ label, words: words.split(" ") }));
  const rows = Array.from({ length: 120 }, (_, row) => {
    const { words } = classes[row % 2]!;
    const text = Array.from({ length: 6 }, (_, i) => i % 2 ? words[random.below(5)]! : `w${random.below(40)}`).join(
      " ",
    );
    return `${row},"${text}, please",${classes[(row + (FLIPPED.includes(row) ? 1 : 0)) % 2]!.label}\n`;
  });
  return `id,text,label\n${rows.join("")}`;
}

const resultSchema = z.object({
  crossValidation: z.object({
    accuracy: z.number(),
    folds: z.array(z.number()),
    suspects: z.object({ rows: z.int(), examples: z.array(z.object({ place: z.string(), text: z.string() })) }),
  }),
});

Deno.test("check --cross-validate finds flipped labels, the same with one and three threads", () =>
  withFiles({ "tickets.csv": tickets() }, async (folder) => {
    const file = join(folder, "tickets.csv");
    const { code, out, notes } = await check([file, "--cross-validate", "5"]);
    assertEquals([code, notes], [0, ""]);
    assertStringIncludes(out, "Rows        120: 120 training\n");
    assertMatch(
      out,
      /\nUnseen {6}95\.83% ± 5\.89% of 120 rows are predicted right by n-grams of other rows \(± over 5 folds\)/,
    );
    assertMatch(
      out,
      /\nLabels {6}5 rows are probably wrong, the most suspected first\n(?: {2}\S+tickets\.csv:\d+: .*\n){5}\w/,
    );
    assertStringIncludes(out, `${file}:9: billing, probably shipping (`);
    assertStringIncludes(out, "Confused    classes that are mixed up most\n  billing predicted as shipping (");
    assert(out.endsWith(`\nTraining would accept this data\ndeno task train ${file}\n`), out);

    const [one, three] = [
      await check([file, "--cross-validate=5", "--json"], 1),
      await check([file, "--cross-validate=5", "--json"], 3),
    ];
    assertEquals(one.out, three.out);
    const { accuracy, folds, suspects } = resultSchema.parse(JSON.parse(one.out)).crossValidation;
    assertEquals([accuracy, folds.length, suspects.rows], [115 / 120, 5, 5]);
    assertEquals(
      suspects.examples.map(({ place }) => Number(place.split(":").at(-1)) - 2).sort((a, b) => a - b),
      FLIPPED,
    );
    assert(suspects.examples.every(({ text }) => text.endsWith(", please")));
  }));

Deno.test("check --out writes all columns and rows again, with suspicion and likely label beside them", () =>
  withFiles({ "tickets.csv": `${tickets()}120,broken\n` }, async (folder) => {
    const [file, target] = [join(folder, "tickets.csv"), join(folder, "suspects.csv")];
    const args = [file, "--cross-validate", "5", "--on-bad-row", "skip", "--out", target];
    const { code, out } = await check(args);
    assertEquals(code, 0);
    assertStringIncludes(out, `Wrote 120 rows to ${target}\n`);
    assert(out.endsWith(`\ndeno task train ${file} --on-bad-row skip\n`), out);
    const lines = (await Deno.readTextFile(target)).trimEnd().split("\n");
    assertEquals(lines[0], "id,text,label,suspicion,likely_label,likely_probability,near_duplicate");
    assertEquals(lines.length, 122);
    assertEquals(lines.at(-1), "120,broken,,,,,");
    const given = tickets().trimEnd().split("\n");
    for (const [row, line] of lines.slice(1, -1).entries()) {
      assert(line.startsWith(`${given[row + 1]},`), line);
      const isFlipped = FLIPPED.includes(row);
      const other = given[row + 1]!.endsWith("billing") ? "shipping" : "billing";
      assertMatch(line, isFlipped ? RegExp(`,0\\.[5-9]\\d*,${other},0\\.[5-9]\\d*,`) : /,0\.\d+,,,/);
    }
    await assertRejects(() => check(args), InputError, "it exists. Use --force to replace it");
    assertEquals((await check([...args, "--force"])).code, 0);
  }));

Deno.test("check --cross-validate finds missing and surplus labels of rows that have several", () => {
  const random = new Random(5, Stream.trainingData).seek(0);
  const classes = Object.entries({ ...WORDS, refund: "back again repaid return claim" })
    .map(([label, words]) => ({ label, words: words.split(" ") }));
  const wrong = new Map([[20, "missing"], [45, "surplus"], [90, "missing"], [133, "surplus"]]);
  const rows = Array.from({ length: 180 }, (_, row) => {
    const own = classes.filter(() => random.below(2) === 0);
    const given = wrong.get(row) === "surplus" ? classes : own.slice(wrong.get(row) === "missing" ? 1 : 0);
    const used = wrong.get(row) === "surplus" ? classes.slice(0, 1) : own;
    const words = used.flatMap((one) => [0, 1, 2].map(() => one.words[random.below(5)]!));
    const text = [...words, `w${random.below(9)}`, `w${random.below(9)}`].join(" ");
    return { text, label: given.map(({ label }) => label) };
  });
  return withFiles({ "rows.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join("") }, async (folder) => {
    const [file, target] = [join(folder, "rows.jsonl"), join(folder, "suspects.jsonl")];
    const { out } = await check([file, "--cross-validate", "5", "--out", target], 1);
    assertMatch(
      out,
      /\nUnseen {6}micro-F1 0\.9\d+ ± 0\.\d{4} of 180 rows by n-grams of other rows \(± over 5 folds\); P@1 /,
    );
    assertEquals((await check([file, "--cross-validate", "5", "--out", target, "--force"], 3)).out, out);
    const row = z.object({ likely_label: z.array(z.string()).nullable(), suspicion: z.number() });
    const written = (await Deno.readTextFile(target)).trimEnd().split("\n").map((line) => row.parse(JSON.parse(line)));
    const worst = [...written.keys()].sort((a, b) => written[b]!.suspicion - written[a]!.suspicion).slice(
      0,
      wrong.size,
    );
    assertEquals(worst.sort((a, b) => a - b), [...wrong.keys()]);
    for (const at of wrong.keys()) {
      const [given, likely] = [rows[at]!.label, written[at]!.likely_label!];
      const isMissing = wrong.get(at) === "missing";
      assert(
        isMissing ? given.every((label) => likely.includes(label)) : likely.includes("billing"),
        `${at}: ${likely}`,
      );
      assert(isMissing === likely.length > given.length, `row ${at}: ${likely}`);
    }
  });
});

Deno.test("check --cross-validate shows almost equal rows with other labels, and classes of few rows", () => {
  const rows = [
    ...tickets().trimEnd().split("\n").slice(1).map((row) => `${row},${row.split(",")[0]!.at(-1)}`),
    '200,"where is the invoice that was sent to my old address, please",billing,1',
    '201,"where is the invoice that was sent to my new address, please",shipping,2',
    "202,something else,other,3",
  ];
  return withFiles({ "rows.csv": `id,text,label,customer\n${rows.join("\n")}\n` }, async (folder) => {
    const file = join(folder, "rows.csv");
    const { out } = await check([file, "--cross-validate", "3", "--group-column", "customer"]);
    assertStringIncludes(out, `${file}:122 (billing), like ${file}:123 (shipping): where is the invoice`);
    assertStringIncludes(out, "Thin        classes that need rows\n  other: 1 row, too few to learn\n");
    assert(!out.includes(`${file}:124: other`), "a row that no model could learn is no suspect");
  });
});

Deno.test("check refuses --cross-validate and --out that make no sense, before it reads rows", async () => {
  for (
    const [args, message] of [
      [["--cross-validate", "1"], "--cross-validate is 1: expected at least 2 folds, or 0"],
      [["--cross-validate", "21"], "--cross-validate is 21"],
      [["--out", "x.csv"], "--out needs --cross-validate, such as --cross-validate 5"],
      [["more.csv", "--cross-validate", "5", "--out", "x.csv"], "--out takes the rows of one file"],
      [["--cross-validate", "5", "--out", "x.csv", "--header", "no"], "missing.csv"],
      [["--cross-validate", "5", "--out", "-"], "--out needs a file, as standard output has the report"],
    ] as const
  ) {
    await assertRejects(() => check(["missing.csv", ...args]), InputError, message);
  }
  await withFiles({ "few.csv": "text,label\na,x\nb,y\nc d,x\n" }, async (folder) => {
    const few = join(folder, "few.csv");
    await assertRejects(
      () => check([few, "--cross-validate", "5"]),
      InputError,
      "3 rows cannot be divided into 5 folds",
    );
    // A folder, as a pipe, is no file that can be read twice.
    await assertRejects(() => check([folder, "--cross-validate", "3", "--out", "x.csv"]), InputError, "read twice");
    // Data that training refuses are not cross-validated.
    const one = await check([few, "--cross-validate", "3", "--min-count", "9"]);
    assertEquals([one.code, one.out.includes("Unseen")], [2, false]);
  });
});

Deno.test("check --out leaves no file if it is interrupted, or its folder does not exist", () =>
  withFiles({ "tickets.csv": tickets() }, async (folder) => {
    const args = (out: string) => [join(folder, "tickets.csv"), "--cross-validate", "5", "--out", join(folder, out)];
    const soonAborted = () => {
      const stop = new AbortController();
      setTimeout(() => stop.abort());
      return stop.signal;
    };
    await assertRejects(() => check(args("out.csv"), 2, soonAborted), Error, "Interrupted: nothing was written");
    await assertRejects(() => check(args("none/out.csv")), InputError, `there is no folder "${join(folder, "none")}"`);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["tickets.csv"]);
  }));

Deno.test("writeSuspects refuses rows of a file that has changed since it was read", () =>
  withFiles({ "rows.csv": "text,label\na,x\nb,y\n" }, async (folder) => {
    const file = join(folder, "rows.csv");
    const findingsOf = (row: number) => ({
      place: `${file}:${row + 2}`,
      label: "x",
      probability: 0.25,
      likely: "y",
      likelyProbability: 0.75,
      isSuspect: row === 0,
    });
    const sha256 = await digestOf(await Deno.readFile(file));
    const source = { name: file, format: "", sha256, bytes: 0 };
    let text = "";
    const write = (piece: string) => Promise.resolve(void (text += piece));
    await writeSuspects(source, options(), findingsOf, write);
    assertStringIncludes(text, "\na,x,0.75,y,0.75,\nb,y,0.75,,,\n");
    await Deno.writeTextFile(file, "text,label\na,x\nb,x\n");
    await assertRejects(
      () => writeSuspects(source, options(), findingsOf, write),
      InputError,
      "changed while it was read",
    );
  }));

Deno.test("check RUN examines the rows that the run was trained on as it read them, or as flags say", () =>
  withFiles({ "tickets.csv": tickets().replace("text,label", "words,kind") }, async (folder) => {
    const [file, runsDir] = [join(folder, "tickets.csv"), join(folder, "runs")];
    const columns = ["--text-column", "words", "--label-column", "kind"];
    const run = await trainTinyRows({ runsDir, data: [file], textColumn: "words", labelColumn: "kind" });
    const asked = ["--cross-validate", "5", "--json"];
    const ofFile = await check([file, ...columns, ...asked]);
    for (const name of [run.directory, join(runsDir, "latest")]) assertEquals(await check([name, ...asked]), ofFile);
    assertEquals((await check(["latest", "--runs-dir", runsDir, ...asked])).out, ofFile.out);
    assertEquals((await check([run.directory, "--seed", "7", ...asked])).out === ofFile.out, false);
    const { out } = await check([run.directory, "--cross-validate", "5", "--out", join(folder, "out.csv")]);
    assert(out.endsWith("out.csv\n\nTraining would accept this data\n"), out);

    await Deno.writeTextFile(file, `${await Deno.readTextFile(file)}120,more,billing\n`);
    await assertRejects(
      () => check([run.directory, ...asked]),
      InputError,
      `"${file}" is no longer the file that run ${run.id} was trained on: its digest differs`,
    );
    await assertRejects(() => check([join(folder, "latest")]), InputError, "There is no run in");
  }));
