/**
 * Tests run directories that version 0.1.0 wrote, before its config got more keys. Every later version resumes them to the
 * same digest, verifies, evaluates, exports and serves them, and makes the same predictions. tests/fixtures/README.md says
 * how they were made.
 */
import type { Summary } from "../../lib/base/events.ts";
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trainingConfig } from "../../lib/config/schema.ts";
import { InputError } from "../../lib/base/errors.ts";
import { writeJson } from "../../lib/run/files/files.ts";
import { configDigest, createManifest, readManifest } from "../../lib/run/files/manifest.ts";
import { readSummary } from "../../lib/run/log/summary.ts";
import { latestOf, ROOT, run, start, withFolder } from "../cli/process.ts";
import { inTemporaryDirectory } from "./temporary.ts";
import { tinyRunConfig } from "./tiny_run.ts";

const FIXTURES = join(ROOT, "tests/fixtures/runs");

type Probabilities = readonly number[];

/** The predictions of 0.1.0. A later version might split these texts differently: case, joined accents, digits. */
const KINDS: { kind: string; inputs: readonly string[]; expected: readonly Probabilities[]; exported: RegExp }[] = [
  {
    kind: "files",
    inputs: [
      "the ripe plum",
      "TARTE AUX PE\u0302CHES",
      "steel and na\u00efve alloy",
      "an unknown thing 12",
      "singing gull!",
    ],
    expected: [
      [0.04813138768076897, 0.8491367697715759, 0.10273183882236481],
      [0.05526282265782356, 0.8492956757545471, 0.09544149786233902],
      [0.04534544423222542, 0.08075285702943802, 0.8739017248153687],
      [0.15660390257835388, 0.1801370233297348, 0.6632590889930725],
      [0.7919325232505798, 0.1057443842291832, 0.10232305526733398],
    ],
    exported: /preprocessing\.json, ngrams\.safetensors/,
  },
  {
    kind: "generated",
    inputs: ["1 2 3 4 5 6 7 8", "49 0 3 9 33 21 17 2"],
    expected: [[0.5100945830345154, 0.4899054765701294], [0.514350950717926, 0.48564910888671875]],
    exported: /model\.safetensors, model\.py/,
  },
];

/** Calls `use` with a folder that has the run in a directory of its original name. */
async function withSaved(name: string, use: (directory: string, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { id } = JSON.parse(await readFile(join(FIXTURES, name, "run.json"), "utf8"));
    const directory = join(folder, id);
    await cp(join(FIXTURES, name), directory, { recursive: true });
    await use(directory, folder);
  });
}

function assertClose(actual: readonly Probabilities[], expected: readonly Probabilities[]): void {
  assertEquals(actual.length, expected.length);
  for (const [row, values] of expected.entries()) {
    for (const [index, value] of values.entries()) assertAlmostEquals(actual[row]![index]!, value, 1e-6);
  }
}

for (const { kind, inputs, expected, exported } of KINDS) {
  Deno.test(`a saved run (${kind}) that was interrupted is verified and resumed to the weights of the finished one`, () =>
    withSaved(`${kind}-interrupted`, async (directory, folder) => {
      const verified = await run("verify", folder, [directory]);
      assertMatch(verified.stdout, /^Verified: all [45] recorded states/, verified.stderr);
      const { code, stderr } = await run("resume", folder, [directory, "--exit", "--port", "0"]);
      assertEquals([code, stderr], [0, ""]);
      const [resumed, whole] = [await readSummary(directory), await readSummary(join(FIXTURES, `${kind}-finished`))];
      assert(resumed && whole);
      // The n-grams are fitted by the version that finishes the run: only the state that has the digest stays the same.
      const ofLstm = ({ lstm, heldOut }: Summary) => (lstm?.validation ?? heldOut)?.accuracy;
      assertEquals([resumed.digest, ofLstm(resumed)], [whole.digest, ofLstm(whole)]);
    }));

  Deno.test(`a saved run (${kind}) that is finished is verified, makes the same predictions, is exported and served`, () =>
    withSaved(`${kind}-finished`, async (directory, folder) => {
      const verified = await run("verify", folder, [directory]);
      assertMatch(verified.stdout, /^Verified: all (8|20) recorded states/, verified.stderr);
      const predicted = await run("predict", folder, [directory], `${inputs.join("\n")}\n`);
      const answers = predicted.stdout.trim().split("\n").map((line) => JSON.parse(line).probabilities);
      assertClose(answers, expected);
      for (const [format, files] of [["safetensors", exported], ["tfjs", /model\.json, weights\.bin/]] as const) {
        const { stdout, stderr } = await run("export", folder, [directory, "--to", format]);
        assertMatch(stdout, files, stderr);
      }
      const server = start("serve", folder, [directory, "--port", "0"]);
      const [base] = /http:\/\/[\w.]+:\d+/.exec(await server.printed(/until interrupted/))!;
      const instances = inputs.map((input) => kind === "files" ? input : input.split(" ").map(Number));
      const response = await fetch(`${base}/predict`, { method: "POST", body: JSON.stringify({ instances }) });
      const { predictions } = await response.json();
      assertClose(predictions.map(({ probabilities }: { probabilities: Probabilities }) => probabilities), expected);
      const { runs: [listed] } = await (await fetch(`${base}/runs`)).json();
      assertEquals([listed.id, listed.state], [directory.split("/").at(-1), "finished"]);
      for (const route of kind === "files" ? ["data", "judgement", "events?all=1"] : ["events?all=1"]) {
        const answer = await fetch(`${base}/runs/${listed.id}/${route}`);
        assertEquals([answer.status, (await answer.text()).length > 100], [200, true], route);
      }
      server.signal("SIGTERM");
      assertEquals((await server.finished).code, 0);
    }));
}

Deno.test("a saved run that is finished takes more epochs, and is verified with them", () =>
  withSaved("files-finished", async (directory, folder) => {
    const { config: { epochs } } = await readManifest(directory);
    const more = await run("resume", folder, [directory, "--epochs", String(epochs + 1), "--exit", "--port", "0"]);
    assertEquals([more.code, more.stderr], [0, ""]);
    assertEquals((await readSummary(directory))?.epochs, epochs + 1);
    const verified = await run("verify", folder, [directory]);
    assertMatch(verified.stdout, /^Verified: all (9|21) recorded states/, verified.stderr);
  }));

Deno.test("a saved run is continued with new rows, and the new run is verified", () =>
  withSaved("files-finished", async (directory, folder) => {
    const rows = Array.from({ length: 40 }, (_, row) => `a tall oak ${row % 7},tree`);
    await writeFile(join(folder, "trees.csv"), `text,label\n${rows.join("\n")}\n`);
    const args = [join(folder, "trees.csv"), "--from", directory, "--epochs", "4", "--exit", "--runs-dir", folder];
    const { code, stdout, stderr } = await run("train", folder, args);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^Old rows: +\d.* before, .* after \(25 validation rows\)$/m);
    const child = await latestOf(folder);
    const { labels, from } = await readManifest(child);
    assertEquals([labels.at(-1), from?.run], ["tree", directory.split("/").at(-1)]);
    const verified = await run("verify", folder, [child]);
    assertMatch(verified.stdout, /^Verified: all 4 recorded states/, verified.stderr);
  }));

Deno.test("a saved run on files evaluates rows with the same metrics", () =>
  withSaved("files-finished", async (directory, folder) => {
    const out = join(folder, "evaluation.json");
    const { code, stderr } = await run("evaluate", folder, [
      directory,
      "--data",
      join(FIXTURES, "rows.csv"),
      "--out",
      out,
    ]);
    assertEquals(code, 0, stderr);
    const { rows, loss, accuracy, macroF1 } = JSON.parse(await readFile(out, "utf8"));
    assertEquals(rows, 84);
    const metrics = [[loss, 0.2572213109269059], [accuracy, 0.9404761904761905], [macroF1, 0.9218253968253968]];
    for (const [actual, expected] of metrics) assertAlmostEquals(actual!, expected!, 1e-6);
  }));

Deno.test("readManifest() takes a config without a later version's key, and refuses a changed one", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "run.json");
    const config = trainingConfig(tinyRunConfig(directory));
    const run = { startedAt: "2026-01-01T00:00:00Z", config, workers: 1 };
    const manifest = { id: "x", ...await createManifest(run) };
    const { clusterEvery: _, ...older } = config;
    await writeJson(path, { ...manifest, config: older, configDigest: await configDigest(older) });
    assertEquals((await readManifest(directory)).config, config);
    await writeJson(path, { ...manifest, config: older });
    await assertRejects(() => readManifest(directory), InputError, "its digest differs");
    const later = { ...config, colour: "red" };
    await writeJson(path, { ...manifest, config: later, configDigest: await configDigest(later) });
    await assertRejects(() => readManifest(directory), InputError, 'config has "colour", which this version does not');
  }));
