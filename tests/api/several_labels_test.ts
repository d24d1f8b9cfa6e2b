/** Asks a model whose rows may have several labels in every way. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, load, serve, train } from "../../mod.ts";
import { load as loadAlone } from "../../predict.ts";
import { answersOf, ask } from "../cli/saved_model.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { SMALL } from "./small.ts";

const COLOURS = ["red", "green", "blue", "grey"];

/** Returns rows that have the labels whose words they have: none to four. */
function rowsOf(count: number, first: number): { text: string; label: string[] }[] {
  return Array.from({ length: count }, (_, index) => {
    const label = COLOURS.filter((_, at) => (index + first) * 7 >> at & 1);
    return { text: [`w${index % 5}`, ...label.map((name) => `${name}ish`), `v${index % 3}`].join(" "), label };
  });
}

const names = (labels: readonly { readonly label: string }[] | undefined) =>
  labels?.map(({ label }) => label).toSorted();

Deno.test("a model of several labels answers with those above their thresholds in every way of asking", () =>
  inTemporaryDirectory(async (runsDir) => {
    await using run = await train({ ...SMALL, data: rowsOf(200, 1), epochs: 6, runsDir });
    await using model = await load(run.directory);
    const rows = rowsOf(20, 5);
    const answers = await model.predictMany(rows.map(({ text }) => text), { top: 1 });
    assertEquals(answers.map(({ labels }) => names(labels)), rows.map(({ label }) => label.toSorted()));
    const [text, none] = ["w1 redish blueish v1", "w1 v1"];
    const answer = await model.predict(text);
    const { class: best, label, labels, probability, probabilities } = answer;
    assertEquals([best, label, names(labels), labels?.[0]?.probability], [null, null, ["blue", "red"], probability]);
    assertEquals((await model.predict(none)).labels, []);
    await assertRejects(() => model.predict(text, { reject: 0.9 }), InputError, "a threshold of its own");
    const { reasons } = await model.explain("w1 redish v2");
    assertEquals([reasons.label, reasons.against], ["red", null]);
    assertEquals(reasons.tokens.toSorted((a, b) => b.weight - a.weight)[0]?.token, "redish");
    const wrong = rows.map((row) => ({ ...row, label: row.label.filter((name) => name !== "grey") }));
    const { decisive } = await model.evaluate(wrong, { explain: true });
    assertEquals(decisive?.map(({ token, label, given }) => [token, label, given])[0], ["greyish", "no label", "grey"]);

    await model.save(join(runsDir, "saved"));
    using alone = await loadAlone(join(runsDir, "saved", "model.lockstep"));
    assertEquals(names(alone.predict(text).labels), ["blue", "red"]);
    alone.predict(text).probabilities.forEach((value, at) => assertAlmostEquals(value, probabilities[at]!, 1e-6));
    assertAlmostEquals(alone.explain("w1 redish v2").reasons.logOdds, reasons.logOdds, 1e-3);

    await using server = await serve(model, { port: 0 });
    const post = async (path: string, body: unknown) =>
      await (await fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body) })).json();
    const { run: _, round: _round, digest: _digest, ...served } = await post("/predict", { text, explain: true });
    assertEquals(Object.keys(served), ["labels", "probabilities", "unknownShare", "truncated", "reasons"]);
    assertEquals([served.labels, served.probabilities], [labels, probabilities]);
    assertEquals((await (await fetch(`${server.url}/model`)).json()).several, true);
    const inputs = [{ name: "text", datatype: "BYTES", shape: [2], data: [text, none] }];
    const { outputs } = await post("/v2/models/lockstep/infer", { inputs });
    assertEquals(outputs.map(({ name, shape }: { name: string; shape: number[] }) => [name, shape]), [
      ["labels", [2]],
      ["probabilities", [2, 4]],
    ]);
    assertEquals(outputs[0].data.map((list: string) => JSON.parse(list).toSorted()), [["blue", "red"], []]);
    assertEquals((await post("/predict", { text, reject: 0.9 })).status, 400);

    assert((await ask([run.directory, text])).out.startsWith("Labels: "));
    assert((await ask([run.directory, none])).out.startsWith("Labels: none - "));
    assertEquals((await ask([run.directory, "--threshold", "1", text])).out.split(" - ")[0], "Labels: none");
    assertEquals(answersOf(await ask([run.directory, "--top", "2"], `${text}\n`)).map(Object.keys), [
      ["labels", "top", "unknownShare", "truncated", "round", "digest"],
    ]);
    const [csv, jsonl, out] = [join(runsDir, "new.csv"), join(runsDir, "new.jsonl"), join(runsDir, "out")];
    await writeFile(csv, `text\n${text}\n${none}\n`);
    await writeFile(jsonl, `${JSON.stringify({ text })}\n`);
    const [row] = answersOf(await ask([run.directory, "--data", csv]));
    assertEquals([row?.label, Object(row?.labels).toSorted()], [undefined, ["blue", "red"]]);
    const { columns } = await model.predictTable(csv, out);
    assertEquals(columns, ["label", "confidence"]);
    const [, first, second] = (await readFile(out, "utf8")).split("\n");
    assertEquals(first?.split(",")[1]?.split("|").toSorted(), ["blue", "red"]);
    assertEquals(second?.split(",")[1], "");
    await model.predictTable(jsonl, out, { force: true });
    assertEquals(JSON.parse(await readFile(out, "utf8")).label.toSorted(), ["blue", "red"]);
    const ranked = await model.predictTable(jsonl, out, { force: true, top: 2 });
    assertEquals(ranked.columns, ["label", "confidence", "label_1", "confidence_1", "label_2", "confidence_2"]);
    const written = JSON.parse(await readFile(out, "utf8"));
    const { top } = await model.predict(text, { top: 2 });
    assertEquals([written.label_1, written.label_2], top?.map(({ label }) => label));
    assertEquals(written.confidence_1, written.confidence);
  }));
