import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DamagedFile, InputError, load, train } from "../../mod.ts";
import { run as runTask } from "../cli/process.ts";
import { ask } from "../cli/saved_model.ts";
import { exportModel } from "../../lib/run/export/export.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { jsonLines, SMALL, smallRows } from "./small.ts";

/** Texts with unknown words and of several lengths. */
const TEXTS = Array.from({ length: 150 }, (_, at) => `my ${"new ".repeat(at % 9)}parcel ${at % 2 ? "qwertz" : "late"}`);

Deno.test("a loaded model answers as predict does, and evaluates as evaluate does", async () => {
  await inTemporaryDirectory(async (runsDir) => {
    await using run = await train({ ...SMALL, data: smallRows(), runsDir });
    await using model = await load("latest", { runsDir, kernels: "wasm" });
    assertEquals((await load(join(runsDir, "latest"))).run, run.id);
    const answers = await model.predictMany(TEXTS);
    const predicted = await runTask("predict", runsDir, [run.directory], `${TEXTS.join("\n")}\n`);
    const lines = predicted.stdout.trim().split("\n").map((line) => JSON.parse(line));
    const { digest } = run.summary;
    const { rounds: round } = run.summary;
    assertEquals(lines, answers.map(({ probability: _, ...answer }) => ({ ...answer, round, digest })));
    const file = join(runsDir, "new.jsonl");
    await writeFile(file, jsonLines(smallRows(40)));
    const out = join(runsDir, "evaluation.json");
    const evaluated = await runTask("evaluate", runsDir, [run.directory, "--data", file, "--out", out]);
    assertEquals(evaluated.code, 0, evaluated.stderr);
    const { run: id, digest: same, data: _, ...printed } = JSON.parse(await readFile(out, "utf8"));
    assertEquals([id, same], [run.id, digest]);
    const { warnings, ...evaluation } = await model.evaluate(file);
    assertEquals(evaluation, printed);
    assert(warnings[0]?.startsWith("40 of 40 rows"), warnings.join());
    const ofRows = await model.evaluate(smallRows(40));
    assertEquals(ofRows.confusion, evaluation.confusion);
    assertEquals(ofRows.mistakes.map(({ place }) => place.replace(/\d+/, "")), evaluation.mistakes.map(() => "rows[]"));
    const wrong = smallRows(30).map((row, at, rows) => ({ ...row, label: rows[(at + 1) % 3]!.label }));
    const { mistakes } = await model.evaluate(wrong);
    assert(mistakes.length > 5, `${mistakes.length}`);
    for (const { place, text } of mistakes) assertEquals(text, wrong[Number(place.slice("rows[".length, -1))]?.text);
  });
});

Deno.test("predict() gives the answer of predictMany(), the most probable classes, and rejects", async () => {
  await using run = await train({ ...SMALL, data: smallRows(), epochs: 8 });
  const { model } = run;
  const answers = await model.predictMany(TEXTS.slice(0, 70), { top: 2 });
  for (const at of [0, 5, 69]) assertEquals(await model.predict(TEXTS[at]!, { top: 2 }), answers[at]!);
  const { label, probability, probabilities, top } = answers[0]!;
  assertEquals(top?.length, 2);
  assertEquals(top?.[0], { label: label!, probability });
  assertEquals(probability, Math.max(...probabilities));
  assertEquals(top?.[1]?.probability, probabilities.toSorted((a, b) => b - a)[1]!);
  assertEquals(await model.predict(["my", "parcel"]), await model.predict("my parcel"));
  assertEquals(model.labels, ["about invoice", "about parcel", "about password"]);
  assertEquals([model.run, model.digest], [run.id, run.summary.digest]);
  await assertRejects(() => model.predictMany(["a text", []]), InputError, "inputs[1] is []");
  await assertRejects(() => model.predictMany("a text"), InputError, "inputs is a text");
  await assertRejects(() => model.predict("a text", { reject: 0.9999 }), InputError, "`reject` is 0.9999");
});

Deno.test("save() writes a file that load() reads by folder, path and URL", async () => {
  await inTemporaryDirectory(async (folder) => {
    const saved = join(folder, "model");
    const file = join(saved, "model.lockstep");
    const text = "my late parcel";
    const run = await train({ ...SMALL, data: smallRows() });
    const { digest } = run.model;
    const answer = await run.model.predict(text);
    const evaluation = await run.model.evaluate(smallRows(30));
    await run.save(saved);
    await exportModel(run.directory, "tfjs", join(folder, "tfjs"));
    await using ofRun = await load(join(run.directory, "model"));
    await using ofExport = await load(join(folder, "tfjs"));
    assertEquals([await ofRun.predict(text), await ofExport.predict(text)], [answer, answer]);
    await run[Symbol.asyncDispose]();
    await assertRejects(() => run.model.predict(text), Error, "The model is closed");
    const bytes = await readFile(file);
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
      return new URL(url).pathname === "/models/model.lockstep"
        ? new Response(Uint8Array.from(bytes))
        : new Response(null, { status: 404 });
    });
    const base = `http://127.0.0.1:${server.addr.port}/`;
    const sources = [saved, file, pathToFileURL(file), `${base}models/model.lockstep`, new URL("models/", base)];
    for (const source of sources) {
      await using model = await load(source);
      assertEquals([await model.predict(text), model.digest], [answer, digest]);
    }
    const model = await load(saved);
    const { trainedOn, warnings } = await model.evaluate(smallRows(30));
    assertEquals([trainedOn, warnings], [undefined, []]);
    assertEquals(await model.evaluate(smallRows(30)), { ...evaluation, trainedOn, warnings });
    await assertRejects(() => load(`${base}other`), InputError, `Cannot load "${base}other": the server answers 404`);
    await assertRejects(() => load(join(folder, "nowhere")), InputError, "There is no run in");
    await assertRejects(() => load("latest", { runsDir: folder }), InputError, "There is no run in");
    await writeFile(file, bytes.fill(0, 900, 903));
    const error = await assertRejects(() => load(saved), DamagedFile, "checksum");
    assertEquals(error.path, file);
  });
});

Deno.test("predictTable() writes what predict --out writes, to a file or a function", async () => {
  await inTemporaryDirectory(async (runsDir) => {
    await using run = await train({ ...SMALL, data: smallRows(), runsDir });
    const file = join(runsDir, "new.csv");
    await writeFile(file, `id,text\n${TEXTS.map((text, at) => `${at},"${text}"\n`).join("")}`);
    const [own, other] = [join(runsDir, "own.csv"), join(runsDir, "other.csv")];
    const options = { top: 2, leastSureFirst: true };
    const summary = await run.model.predictTable(file, own, options);
    assertEquals([summary.rows, summary.columns], [TEXTS.length, ["label", "confidence", "label_2", "confidence_2"]]);
    const flags = ["--top", "2", "--least-sure-first", "--out", other];
    assertEquals((await ask([run.directory, "--data", file, ...flags])).end, 0);
    const written = await readFile(own, "utf8");
    assertEquals(written, await readFile(other, "utf8"));
    let text = "";
    await run.model.predictTable(file, (piece) => void (text += piece), options);
    assertEquals(text, written);
    await assertRejects(() => run.model.predictTable(file, own), InputError, "Set `force` to replace it");
    await writeFile(file, "id,text\n1,\n2");
    await assertRejects(() => run.model.predictTable(file, own, { force: true }), InputError, "new.csv:3");
    const device = join(runsDir, "device");
    await Deno.symlink("/dev/null", device);
    for (const [target, what] of [[device, "it is no regular file"], [runsDir, "it is a folder"]] as const) {
      await assertRejects(() => run.model.predictTable(file, target, { force: true }), InputError, what);
    }
    assertEquals(await readFile(own, "utf8"), written);
  });
});
