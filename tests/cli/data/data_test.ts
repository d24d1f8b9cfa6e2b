import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { latestOf, run, start, withFolder } from "../process.ts";

/** Rows `text,label` whose label only the order of words tells. */
function csvOf(rows: number, first: number): string {
  const filler = ["please", "today", "the", "order", "again", "hello"];
  const lines = Array.from({ length: rows }, (_, row) => {
    const number = row + first;
    const words = [0, 1, 2].map((at) => filler[(number * (at + 3) + at * at) % filler.length]!);
    const pair = number % 2 === 0 ? ["open", "shut"] : ["shut", "open"];
    words.splice(number % 3, 0, pair[0]!);
    words.splice(number % 2 + 2, 0, pair[1]!);
    return `"${words.join(", ")}",${number % 2 === 0 ? "ends shut" : "ends open"}\n`;
  });
  return `text,label\n${lines.join("")}`;
}

const small = [
  "--embedding",
  "8",
  "--hidden",
  "8",
  "--epochs",
  "12",
  "--learning-rate",
  "0.02",
  "--workers",
  "1",
  "--exit",
  "--port",
  "0",
];

async function withData(body: (folder: string, flags: readonly string[]) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/rows.csv`, csvOf(600, 0));
    await Deno.writeTextFile(`${folder}/test.csv`, csvOf(90, 600));
    const data = ["--data", `${folder}/rows.csv`, "--test", `${folder}/test.csv`];
    await body(folder, [...data, ...small, "--runs-dir", folder]);
  });
}

async function summaryOf(directory: string) {
  return JSON.parse(await Deno.readTextFile(`${directory}/summary.json`));
}

Deno.test("train --data trains on a CSV file, and evaluates itself and a baseline", () =>
  withData(async (folder, flags) => {
    const { code, stdout, stderr } = await run("train", folder, [...flags, "--report", "full"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "540 training rows, 60 validation rows, 90 test rows, 2 classes");
    assertMatch(stdout, /\nBaseline: \d+\.\d\d% of the validation rows, \d+\.\d\d% of the test rows, a linear model/);
    assertMatch(stdout, /\nTest: {7}Loss: 0\.\d+ - Accuracy: (100\.00|9\d\.\d\d)% - Macro-F1: (1|0\.9)/);
    const latest = await latestOf(folder);
    const reports = stdout.slice(stdout.indexOf("Classes:"), stdout.indexOf("\nRun:"));
    assertMatch(
      reports,
      /^Classes: {4}90 test rows, lowest F1 last\nclass +precision +recall +F1 +rows\n(ends.*\n){2}Fin/,
    );
    assertStringIncludes(stdout, `\nNext:       deno task predict ${latest} "your text"\n`);
    const again = await run("resume", folder, [latest, "--report", "full"]);
    assertEquals(again.stdout.slice(again.stdout.indexOf("\n") + 1), `${reports}\n`);
    const { heldOut, lstm, validation, test, baseline, digest } = await summaryOf(latest);
    assertEquals([validation.rows, test.rows, lstm.validation.rows], [60, 90, 60]);
    assertEquals(heldOut, { loss: validation.loss, accuracy: validation.accuracy });
    assert(test.accuracy > 0.9 && baseline.test.accuracy >= 0.4, `${test.accuracy}, ${baseline.test.accuracy}`);
    for (const file of ["data.json", "judgement.json", "model/preprocessing.json"]) {
      JSON.parse(await Deno.readTextFile(`${latest}/${file}`));
    }

    const library = RunLibrary.saved(latest, "");
    const { run: id } = await summaryOf(latest);
    const told = [await library.data(id), await library.evaluation(id)];
    const [read, judgement] = told.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    assertEquals([read?.parts.training?.rows, read?.parts.test?.rows, read?.classes.length], [540, 90, 2]);
    assertEquals([judgement?.validation.accuracy, judgement?.test?.macroF1], [validation.accuracy, test.macroF1]);

    const judged = await run("evaluate", folder, [latest, "--data", `${folder}/test.csv`]);
    // Made of a few words, all test rows have the tokens of a training row.
    assertEquals([judged.code, read.leaks.test.rows], [0, 90]);
    assertMatch(judged.stderr, /^warning: 90 of 90 rows \(100\.00%\) were trained on[^\n]+\n$/);
    assertStringIncludes(judged.stdout, `accuracy           ${(100 * test.accuracy).toFixed(2)}%\n`);
    const written = JSON.parse(await Deno.readTextFile(`${latest}/evaluation.json`));
    assertEquals([written.accuracy, written.digest], [test.accuracy, digest]);
    assertEquals(written.confusion.flat().reduce((sum: number, count: number) => sum + count, 0), 90);
  }));

Deno.test("train --data combines LSTM and n-grams as --ngrams says", () =>
  withData(async (folder, flags) => {
    const wrote = async () => {
      const latest = await latestOf(folder);
      const { lstm, baseline } = await summaryOf(latest);
      const { ngrams } = JSON.parse(await Deno.readTextFile(`${latest}/model/lockstep.json`));
      return { share: lstm?.share, saved: ngrams?.share, baseline: baseline !== undefined };
    };
    const short = [...flags, "--epochs", "2"];
    const combined = await run("train", folder, [...short, "--embedding", "1", "--hidden", "1"]);
    const { share, saved, baseline } = await wrote();
    assert(share < 1 && saved === share && baseline, `share ${share}`);
    assert(share < 0.05, `share ${share}`); // An LSTM this narrow has learnt nothing.
    assertMatch(combined.stdout, /\nModel: .* n-grams.*, refitted to all 600 training and validation rows\n/);
    const { test } = await summaryOf(await latestOf(folder));
    const text = "hello, open, order, shut";
    const predicted = await run("predict", folder, [`${folder}/latest`], `${text}\n`);
    const { probabilities } = JSON.parse(predicted.stdout);
    const judged = await run("evaluate", folder, [`${folder}/latest`, "--data", `${folder}/test.csv`]);
    assertStringIncludes(judged.stdout, `loss                ${test.loss.toFixed(4)}\n`);

    // The same weights, but nothing beside them.
    await run("train", folder, [...short, "--embedding", "1", "--hidden", "1", "--ngrams", "beside"]);
    assertEquals(await wrote(), { share: undefined, saved: undefined, baseline: true });
    const alone = JSON.parse((await run("predict", folder, [`${folder}/latest`], `${text}\n`)).stdout);
    assert(Math.abs(alone.probabilities[0] - probabilities[0]) > 1e-3);
    await run("train", folder, [...short, "--ngrams", "none"]);
    assertEquals(await wrote(), { share: undefined, saved: undefined, baseline: false });
  }));

Deno.test("train --data gives the same weights from standard input and on any number of workers", () =>
  withData(async (folder, flags) => {
    const digests = new Set<string>();
    for (const workers of ["1", "3"]) {
      await run("train", folder, [...flags, "--workers", workers]);
      digests.add((await summaryOf(await latestOf(folder))).digest);
    }
    const piped = flags.map((flag) => flag === `${folder}/rows.csv` ? "-" : flag);
    await run("train", folder, piped, csvOf(600, 0));
    digests.add((await summaryOf(await latestOf(folder))).digest);
    assertEquals(digests.size, 1);
  }));

Deno.test("resume and verify read the files again, and refuse files that have changed", () =>
  withData(async (folder, flags) => {
    await run("train", folder, flags);
    const { digest } = await summaryOf(await latestOf(folder));
    const process = start("train", folder, [...flags, "--checkpoint-every", "5"]);
    await process.printed(/^Epoch 02 /m);
    process.signal("SIGKILL");
    await process.finished;
    const latest = await latestOf(folder);
    const resumed = await run("resume", folder, [latest, "--exit", "--port", "0", "--workers", "1"]);
    assertEquals([resumed.code, resumed.stderr], [0, ""]);
    assertEquals((await summaryOf(latest)).digest, digest);
    const verified = await run("verify", folder, [latest]);
    assertEquals(verified.code, 0);
    assertStringIncludes(verified.stdout, "12 recorded states");

    await Deno.writeTextFile(`${folder}/rows.csv`, csvOf(600, 1));
    const changed = await run("verify", folder, [latest]);
    assertEquals(changed.code, 2);
    assertStringIncludes(changed.stderr, "their digest differs");
    // A run that is complete needs no data.
    assertStringIncludes((await run("resume", folder, [latest, "--port", "0"])).stdout, "is complete");
  }));

Deno.test("train reads arguments that are not flags as files of rows, as check does", () =>
  withFolder(async (folder) => {
    const files = [`${folder}/a.csv`, `${folder}/b.csv`];
    for (const file of files) await Deno.writeTextFile(file, csvOf(40, 1));
    const [first, second] = files;
    const args = ["--epochs", "1", "--runs-dir", folder, "--exit", "--port", "0"];
    const { code, stdout, stderr } = await run("train", folder, [first!, ...args, second!]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `Data ${first}, ${second}: `);
  }));

const refused: [what: string, flags: readonly string[], message: RegExp][] = [
  ["a file that is not there", ["--data", "/none/rows.csv"], /^error: Cannot read "\/none\/rows.csv": /],
  ["no file", ["--data"], /^error: --data has no value: expected a file of rows, or -/],
  ["a file that is not there and has no flag", ["/none/rows.csv"], /^error: Cannot read "\S+": there is no such file/],
  ["another task", ["--data", "-", "--task", "parity"], /^error: --data is -: expected none for the task parity/],
  [
    "what the data decide",
    ["--data", "-", "--vocabulary", "7"],
    /^error: --vocabulary is 7: expected no value, as it follows from the data/,
  ],
  ["a table without data", ["--task", "table"], /^error: --task is table: expected files to train on/],
  [
    "one class",
    ["--data", "-"],
    /^error: Cannot train on standard input: all 2 rows have the label "a", expected at least two/,
  ],
  ["no validation", ["--data", "-", "--validation", "0"], /expected/],
];
for (const [what, flags, message] of refused) {
  Deno.test(`train --data refuses ${what}`, () =>
    withFolder(async (folder) => {
      const args = [...flags, "--runs-dir", folder, "--exit", "--port", "0"];
      const { code, stderr } = await run("train", folder, args, "text,label\nx,a\ny,a\n");
      assertEquals(code, 2);
      assertMatch(stderr, message);
      assertEquals([...Deno.readDirSync(folder)], []);
    }));
}
