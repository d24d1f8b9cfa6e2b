/** `train --weights` on rows whose words and labels are not those, or not in the order, of the weights. */
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import { trainedModel } from "../../../lib/model/task_model.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import { latestOf, run, TINY, withFolder } from "../process.ts";

const WORDS = ["lamp", "radio", "teapot", "bicycle", "ladder", "blanket"];

/** Rows whose first word says the label; the first one of `labels` and of `words` comes most often. */
function rows(labels: readonly string[], words: readonly string[] = WORDS): string {
  const row = (at: number) => {
    const label = at % (labels.length + 1) % labels.length;
    const word = words[(at * at) % words.length];
    return `is${labels[label]} ${word} ${words[Math.floor(at / 7) % words.length]},${labels[label]}\n`;
  };
  return `text,label\n${Array.from({ length: 80 }, (_, at) => row(at)).join("")}`;
}

/** Each word's vector, and what each class has of the last layer, by their names. */
async function byName(directory: string): Promise<Map<string, number[]>> {
  const { config, labels, version: { weights }, preprocessing } = await readModel(directory);
  const { layout } = trainedModel(config, labels);
  const view = (name: string) => tensorView(weights, tensorNamed(layout, name));
  const [vectors, kernel, bias] = ["embedding/embeddings", "dense/kernel", "dense/bias"].map(view);
  const named = new Map<string, number[]>();
  ["padding", "unknown", ...preprocessing!.vocabulary].forEach((word, id) =>
    named.set(`word ${word}`, [...vectors!.subarray(id * config.embedding, (id + 1) * config.embedding)])
  );
  labels.forEach((label, at) => {
    const column = [...kernel!].filter((_, index) => index % labels.length === at);
    named.set(`label ${label}`, [...column, bias![at]!]);
  });
  for (const { name } of layout.tensors.filter(({ name }) => name.includes("lstm"))) named.set(name, [...view(name)]);
  return named;
}

/** Trains on `content`, which changes no weight unless `more` says so, and returns what was said. */
async function train(folder: string, content: string, more: readonly string[]) {
  await Deno.writeTextFile(`${folder}/rows.csv`, content);
  // Letters of the file would change the vectors of new words.
  const flags = [...TINY.slice(0, 4), "--letter-rows", "0", "--epochs", "1"];
  const ways = ["--exit", "--port", "0", "--runs-dir", `${folder}/runs`];
  return await run("train", folder, ["--data", `${folder}/rows.csv`, "--ngrams", "none", ...flags, ...ways, ...more]);
}

Deno.test("train --weights assigns rows by their words and labels, and initializes new ones", () =>
  withFolder(async (folder) => {
    assertEquals((await train(folder, rows(["bad", "good"]), ["--epochs", "3"])).code, 0);
    const from = await byName(await latestOf(`${folder}/runs`));
    const exported = await run("export", folder, [
      await latestOf(`${folder}/runs`),
      "--to",
      "safetensors",
      "--out",
      `${folder}/out`,
    ]);
    assertEquals(exported.code, 0, exported.stderr);
    const weights = `${folder}/out/model.safetensors`;
    const still = ["--learning-rate", "0", "--shards", "1", "--seed", "5"];

    const cases: [what: string, content: string, told: RegExp[]][] = [
      ["the same rows", rows(["bad", "good"]), []],
      ["another order", rows(["good", "bad"], WORDS.toReversed()), []],
      ["fewer words", rows(["good", "bad"], WORDS.slice(2, 4)), []],
      ["new words and labels", rows(["good", "zebra", "bad", "awful"], ["toaster", ...WORDS]), [
        /knows 8 of 11 words; others begin untrained: ("\w+"(, )?){3}$/m,
        /does not know the labels "awful", "zebra": they begin untrained$/m,
      ]],
    ];
    for (const [what, content, told] of cases) {
      const { code, stdout, stderr } = await train(folder, content, [...still, "--weights", weights]);
      assertEquals(code, 0, `${what}: ${stderr}`);
      const to = await byName(await latestOf(`${folder}/runs`));
      assertEquals((await train(folder, content, still)).code, 0);
      const fresh = await byName(await latestOf(`${folder}/runs`));
      for (const [name, values] of to) {
        assertEquals(values, from.get(name) ?? fresh.get(name), `${what}: ${name}`);
        assertNotEquals(fresh.get(name), from.get(name));
      }
      assertEquals(stdout.split("\n").filter((line) => line.includes("model.safetensors")).length, told.length, what);
      for (const words of told) assertMatch(stdout, words);
    }

    // A run that began so is verified with the same rows.
    assertEquals((await train(folder, cases[3]![1], ["--weights", weights])).code, 0);
    const verified = await run("verify", folder, [await latestOf(`${folder}/runs`)]);
    assertEquals(verified.code, 0, verified.stderr);
  }));

Deno.test("train refuses --weights without a known word or with wrong names, and warns without names", () =>
  withFolder(async (folder) => {
    assertEquals((await train(folder, rows(["bad", "good"]), [])).code, 0);
    await run("export", folder, [await latestOf(`${folder}/runs`), "--to", "safetensors", "--out", `${folder}/out`]);
    const weights = `${folder}/out/model.safetensors`;
    const foreign = await train(folder, rows(["schlecht", "gut"], ["lampe", "leiter"]), ["--weights", weights]);
    assertEquals(foreign.code, 2);
    assertMatch(
      foreign.stderr,
      /it knows 8 words, the first "\w+", and none of the 4 words of these data, the first "\w+"/,
    );
    const none = await run("train", folder, ["--weights", weights, "--exit", "--port", "0"]);
    assertEquals(none.code, 2);
    assertStringIncludes(none.stderr, "its tokens are words, and those of this model are numbers");

    const { metadata, tensors } = decodeSafetensors(await Deno.readFile(weights));
    const other = `${folder}/other.safetensors`;
    const { vocabulary, labels, ...unnamed } = metadata;
    assert(vocabulary && labels);
    await Deno.writeFile(other, encodeSafetensors({ metadata: unnamed, tensors }));
    const taken = await train(folder, rows(["bad", "good"]), ["--weights", other]);
    assertEquals(taken.code, 0, taken.stderr);
    assertMatch(taken.stdout, /^Warning: \S+other\.safetensors does not say which words its rows are of/m);
    const more = await train(folder, rows(["bad", "good"], ["toaster", ...WORDS]), ["--weights", other]);
    assertEquals(more.code, 2);
    assertMatch(
      more.stderr,
      /does not say which words its 10 rows are of, and these data have 11\. Expected weights of/,
    );
    await Deno.writeFile(other, encodeSafetensors({ metadata: { ...metadata, vocabulary: '["isgood"]' }, tensors }));
    const wrong = await train(folder, rows(["bad", "good"]), ["--weights", other]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, 'tensor "embedding.weight" has 10 rows, and the file names 3');
  }));
