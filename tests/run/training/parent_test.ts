/** Runs that continue from an earlier one with new rows. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../../lib/base/errors.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import type { RowPlaces } from "../../../lib/data/encode/table_builder.ts";
import { rowsOf } from "../../../lib/data/batches/table.ts";
import { FIRST_KNOWN, UNKNOWN } from "../../../lib/data/vocabulary/vocabulary.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import { trainedModel } from "../../../lib/model/task_model.ts";
import { CheckpointStore } from "../../../lib/run/files/checkpoint_store.ts";
import { readManifest } from "../../../lib/run/files/manifest.ts";
import { rewriteManifest } from "../../../lib/run/files/more_epochs.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { removeRun } from "../../../lib/run/library/retention.ts";
import { readSummary } from "../../../lib/run/log/summary.ts";
import { openTraining } from "../../../lib/run/training/open_training.ts";
import { readDataAgain, readRunData } from "../../../lib/run/training/reload_data.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";
import { inTemporaryDirectory } from "../temporary.ts";

keepThreads(4);

const workerUrl = new URL("../../../workers/train.ts", import.meta.url);
const baselineUrl = new URL("../../../workers/ngrams.ts", import.meta.url);

/** Rows of classes, each with a word of its own and a word of the row. */
function rowsOfClasses(classes: readonly string[], each = 20): string {
  const rows = classes.flatMap((name) =>
    Array.from({ length: each }, (_, row) => `about ${name}x item${row % 7},${name}`)
  );
  return `text,label\n${rows.join("\n")}\n`;
}

const small = { hidden: 4, embedding: 5, batchSize: 4, shards: 4, epochs: 3, ngrams: "none", letterRows: 50 };

function configOf(folder: string, change: Record<string, unknown>, defaults = {}) {
  return resolveConfig(undefined, [{ values: { runsDir: folder, ...change }, nameOf: (key) => key }], defaults);
}

/** Opens a run in `folder`, which has the files old.csv and new.csv. */
function open(folder: string, change: Record<string, unknown>): Promise<TrainingRun> {
  return openTraining((defaults) => configOf(folder, change, defaults), { workerUrl, baselineUrl, cores: 2 });
}

/** Trains a run on two classes, and calls `use` with the options of one that continues with two others. */
function withParent(
  change: Record<string, unknown>,
  use: (folder: string, parent: TrainingRun, child: Record<string, unknown>) => Promise<void>,
): Promise<void> {
  return inTemporaryDirectory(async (folder) => {
    await Deno.writeTextFile(join(folder, "old.csv"), rowsOfClasses(["b", "d"]));
    await Deno.writeTextFile(join(folder, "new.csv"), rowsOfClasses(["c", "a"]));
    const parent = await open(folder, { ...small, ...change, data: [join(folder, "old.csv")] });
    await parent.train();
    await use(folder, parent, { from: parent.directory, data: [join(folder, "new.csv")] });
  });
}

/** Returns a tensor of a run's weights or moments: set 0 are weights, 1 and 2 the moments. */
async function stateOf(directory: string) {
  const { config, labels, preprocessing } = await readModel(directory);
  const { layout } = trainedModel(config, labels);
  const { state } = await new CheckpointStore(directory, layout, 1).newest();
  const tensor = (set: number, name: string) =>
    tensorView(state!.values.subarray(set * layout.size, (set + 1) * layout.size), tensorNamed(layout, name));
  return { tensor, vocabulary: preprocessing!.vocabulary, labels, config };
}

Deno.test("a run with --from keeps words, classes and moments; new words start as unknown ones", () =>
  withParent({}, async (folder, parent, child) => {
    // With a learning rate of 0 the last weights are the first ones. Moments change, so those of words without rows are compared.
    const run = await open(folder, { ...child, learningRate: 0, epochs: 1, replay: 0, shards: 1 });
    await run.train();
    const [before, after] = [await stateOf(parent.directory), await stateOf(run.directory)];
    assertEquals(after.labels, ["b", "d", "a", "c"]);
    assertEquals(after.vocabulary.slice(0, before.vocabulary.length), before.vocabulary);
    assertEquals(after.vocabulary.slice(before.vocabulary.length).sort(), ["ax", "cx"]);
    const { embedding, hidden, letterRows } = before.config;
    assertEquals([embedding, hidden, letterRows, after.config.embedding, after.config.hidden], [5, 4, 50, 5, 4]);
    const row = (state: typeof before, set: number, id: number) =>
      state.tensor(set, "embedding/embeddings").slice(id * embedding, (id + 1) * embedding);
    const known = before.vocabulary.length + FIRST_KNOWN;
    for (let id = 0; id < known; id++) assertEquals(row(after, 0, id), row(before, 0, id), `id ${id}`);
    for (const id of [known, known + 1]) assertEquals(row(after, 0, id), row(before, 0, UNKNOWN));
    for (let letter = 0; letter < letterRows; letter++) {
      assertEquals(row(after, 0, known + 2 + letter), row(before, 0, known + letter));
    }
    const only = ["bx", "dx"].map((word) => before.vocabulary.indexOf(word) + FIRST_KNOWN);
    for (const set of [1, 2]) {
      for (const id of only) {
        assert(row(before, set, id).some((value) => value !== 0));
        assertEquals(row(after, set, id), row(before, set, id));
      }
    }
    const [kernel, grown] = [before, after].map((state) => state.tensor(0, "dense/kernel"));
    const width = kernel!.length / 2;
    for (let i = 0; i < width; i++) {
      assertEquals([...grown!.slice(4 * i, 4 * i + 2)], [...kernel!.slice(2 * i, 2 * i + 2)]);
    }
    assertEquals(
      after.tensor(0, "lstm/forward_lstm/recurrent_kernel"),
      before.tensor(0, "lstm/forward_lstm/recurrent_kernel"),
    );
  }));

Deno.test("a run with --from has one digest for 1, 2 and 4 workers, killed and resumed, and verified", () =>
  withParent({}, async (folder, parent, child) => {
    const own = { ...child, epochs: 12 };
    const digests = [];
    for (const [workers, chaos] of [[1, ""], [2, "kill=0.1"], [4, ""]] as const) {
      const run = await open(folder, { ...own, workers, chaos, maxRestarts: 1000 });
      digests.push((await run.train()).digest);
    }
    const stopped = await open(folder, own);
    stopped.stop(StopReason.signal);
    assert((await stopped.train()).epochs < 12);
    const config = configOf(folder, { workers: 1 });
    const { config: training, rules, from } = await readManifest(stopped.directory);
    assertEquals(from, { run: parent.id, digest: (await readSummary(parent.directory))!.digest });
    const again = async () => ({
      config,
      workerUrl,
      cores: 2,
      ...await readDataAgain(stopped.directory, { ...config, ...training }, rules),
    });
    digests.push((await (await TrainingRun.resume(stopped.directory, await again())).train()).digest);
    assertEquals(new Set(digests).size, 1, digests.join());
    const compared = await Array.fromAsync(verifyRun(stopped.directory, await again()));
    assert(compared.length >= 12 && compared.every(({ recorded, computed }) => recorded === computed));
    const other = await (await open(folder, { ...own, replay: 0.5 })).train();
    assertNotEquals(other.digest, digests[0]);
  }));

Deno.test("readRunData() adds a share of earlier training rows, and all earlier validation rows", () =>
  withParent({}, async (folder, parent, child) => {
    const earlier = await readRunData({ ...parent.config, runsDir: folder });
    const { data, source } = await readRunData(configOf(folder, { ...child, replay: 0.25 }));
    const counts = (labels: Uint16Array) => [0, 1, 2, 3].map((label) => labels.filter((own) => own === label).length);
    assertEquals(counts(earlier.data.training.labels), [18, 18, 0, 0]);
    assertEquals(counts(data.training.labels), [5, 5, 18, 18]);
    assertEquals(counts(source.all!.labels), [18, 18, 18, 18]);
    assertEquals(counts(data.validation.labels), [2, 2, 2, 2]);
    const placesOf = ({ sources, source, lines }: RowPlaces) =>
      Array.from(lines, (line, row) => `${sources[source[row]!]}:${line}`);
    const own = placesOf(earlier.source.validation.places);
    assertEquals(placesOf(source.validation.places).slice(-4), own);
    assertEquals(placesOf(source.training.places).filter((place) => own.includes(place)), []);
    assertEquals(source.keys!.length, 80);
    const again = await readRunData(configOf(folder, { ...child, replay: 0.25 }));
    assertEquals(again.data.training.tokens, data.training.tokens);
    const none = await readRunData(configOf(folder, { ...child, replay: 0 }));
    assertEquals([counts(none.data.training.labels), rowsOf(none.data.validation)], [[0, 0, 18, 18], 4]);
    assertNotEquals(none.data.digest, data.digest);
  }));

Deno.test("a run with --from says the accuracy before and after, also in a chain of runs", () =>
  withParent({ ngrams: "combine", epochs: 10 }, async (folder, parent, child) => {
    const run = await open(folder, { ...child, epochs: 10 });
    const { parent: first, rows } = await run.train();
    assertEquals(first!.run, parent.id);
    // Rows that are trained on again are not counted again.
    assertEquals([(await readSummary(parent.directory))!.rows, rows], [40, 40]);
    assertEquals([first!.new!.rows, first!.new!.before, first!.old!.rows], [4, 0, 4]);
    assertEquals(first!.old!.before, (await readSummary(parent.directory))!.validation!.accuracy);
    assert(first!.new!.after === 1 && first!.old!.after === 1, JSON.stringify(first));
    await Deno.writeTextFile(join(folder, "third.csv"), rowsOfClasses(["e", "a"]));
    const third = await open(folder, { from: run.directory, data: [join(folder, "third.csv")] });
    const { parent: second } = await third.train();
    assertEquals([second!.new!.rows, second!.old!.rows], [4, 8]);
    assertEquals((await readManifest(third.directory)).labels, ["b", "d", "a", "c", "e"]);
    // Without earlier rows only the new ones are evaluated.
    const alone = await (await open(folder, { ...child, replay: 0 })).train();
    assertEquals([alone.parent!.old, alone.parent!.new!.rows], [undefined, 4]);
  }));

Deno.test("readRunData() warns of validation rows that training rows of the other run repeat", () =>
  inTemporaryDirectory(async (folder) => {
    const file = async (name: string, rows: readonly string[]) => {
      await Deno.writeTextFile(join(folder, name), `text,label\n${rows.join("\n")}\n`);
      return join(folder, name);
    };
    const own = (word: string) => Array.from({ length: 8 }, (_, row) => `${word} number${row},${word[0]}`);
    const validation = await file("held.csv", ["apple kept,a", "zebra rarely,b", "berry kept,b", "berry last,b"]);
    const data = [await file("old.csv", [...own("apple"), ...own("berry")])];
    const parent = await open(folder, { ...small, data, validation, minCount: 1 });
    await parent.train();
    const added = [await file("new.csv", [...own("cherry"), "apple kept,a", "zebra rarely,b", "zebra rarely,b"])];
    const child = { from: parent.directory, data: added };
    const again = await file("again.csv", ["cherry kept,c", "apple number3,a"]);
    const { source } = await readRunData(configOf(folder, { ...child, validation: again }));
    const leaks = (warnings: readonly string[]) => warnings.filter((text) => text.includes("the same tokens as"));
    assertEquals(leaks(source.statistics.warnings), [
      "2 old validation rows have the same tokens as a new training row, so the accuracy says too much",
      "1 new validation row has the same tokens as an old training row, so the accuracy says too much",
    ]);
    const none = await readRunData(configOf(folder, { ...child, validation: again, replay: 0 }));
    assertEquals(leaks(none.source.statistics.warnings), []);
  }));

Deno.test("a run that another one continues from is neither removed nor extended meanwhile", () =>
  withParent({}, async (folder, parent, child) => {
    const run = await open(folder, { ...child, epochs: 1_000_000 });
    const training = run.train();
    const reading = new AbortController();
    for await (const { type } of run.log.read(0, reading.signal)) if (type === "progress") break;
    reading.abort();
    assertEquals(await removeRun(parent.directory), "busy");
    const manifest = await readManifest(parent.directory);
    await assertRejects(() => rewriteManifest(parent.directory, manifest), InputError, "continues from it");
    run.stop(StopReason.signal);
    await training;
    assertEquals(await removeRun(parent.directory), "removed");
    assertEquals((await readModel(run.directory)).labels, ["b", "d", "a", "c"]);
  }));

Deno.test("a run with --from takes too few new rows for validation rows of their own", () =>
  withParent({}, async (folder, parent, child) => {
    await Deno.writeTextFile(join(folder, "new.csv"), "text,label\nabout cx,c\nabout ax,a\nabout bx,b\n");
    const run = await open(folder, { ...child, epochs: 1 });
    const { parent: accuracies } = await run.train();
    assertEquals([accuracies!.run, accuracies!.new, accuracies!.old!.rows], [parent.id, undefined, 4]);
    assertEquals((await readManifest(run.directory)).labels, ["b", "d", "a", "c"]);
    const { problems: [problem] } = await assertRejects(() => open(folder, { ...child, replay: 0 }), InputError);
    assertEquals(problem!.field, "validation");
    assert(problem!.message.endsWith("or `replay` above 0"), problem!.message);
  }));

Deno.test("a run with --from refuses changed files of earlier rows, unless it replays none", () =>
  withParent({}, async (folder, parent, child) => {
    const refused = async (change: Record<string, unknown> = {}) =>
      (await assertRejects(() => open(folder, { ...child, ...change }), InputError)).problems[0]!;
    const old = join(folder, "old.csv");
    await Deno.writeTextFile(old, rowsOfClasses(["b", "d"], 21));
    assertEquals(await refused(), {
      field: "replay",
      message:
        `The rows of run ${parent.id} cannot be used again: "${old}" is not the file that it was trained on, as its ` +
        "digest differs. With `replay` 0 they are not needed",
    });
    await Deno.remove(old);
    assert((await refused()).message.includes(`Cannot read "${old}"`), (await refused()).message);
    await (await open(folder, { ...child, replay: 0, epochs: 1 })).train();
    assertEquals(
      (await refused({ hidden: 9, tokenizer: "chars" })).message.slice(0, 34),
      'tokenizer is "chars": expected "au',
    );
    assertEquals((await refused({ weights: "x" })).message.slice(0, 32), "weights is x: expected no value ");
    assertEquals((await refused({ from: join(folder, "none") })).field, "from");
    const generated = await open(folder, { epochs: 1, stepsPerEpoch: 1, heldOut: 10 });
    await generated.train();
    assertEquals((await refused({ from: generated.directory })).field, "from");
  }));

Deno.test("a run with --from continues one with several labels a row, and its metrics are of those", () =>
  inTemporaryDirectory(async (folder) => {
    const lines = (names: readonly string[]) =>
      Array.from({ length: 60 }, (_, row) => {
        const own = names.filter((_, at) => (row >> at) % 2 === 1);
        return JSON.stringify({ text: `see ${own.map((name) => `${name}x`).join(" ")} ${row % 5}`, label: own });
      }).join("\n");
    await Deno.writeTextFile(join(folder, "old.jsonl"), lines(["b", "d"]));
    await Deno.writeTextFile(join(folder, "new.jsonl"), lines(["d", "a"]));
    const parent = await open(folder, { ...small, data: [join(folder, "old.jsonl")] });
    await parent.train();
    const run = await open(folder, { from: parent.directory, data: [join(folder, "new.jsonl")], epochs: 8 });
    const { parent: changes, validation } = await run.train();
    assertEquals((await readManifest(run.directory)).labels, ["b", "d", "a"]);
    assertEquals(run.config.labels, "many");
    assert(validation!.several !== undefined && changes!.new!.rows === 6 && changes!.old!.rows === 6);
    assertEquals(changes!.old!.before, (await readSummary(parent.directory))!.validation!.accuracy);
  }));

Deno.test("a run with --from continues one with columns and one with vectors, whose words keep theirs", () =>
  inTemporaryDirectory(async (folder) => {
    const rows = (names: readonly string[]) =>
      `text,n,label\n${
        rowsOfClasses(names).split("\n").slice(1, -1).map((row, n) => row.replace(",", `,${n % 9},`)).join("\n")
      }\n`;
    await Deno.writeTextFile(join(folder, "old.csv"), rows(["b", "d"]));
    await Deno.writeTextFile(join(folder, "new.csv"), rows(["c", "d"]));
    await Deno.writeTextFile(join(folder, "glove.txt"), "bx 1 2\ncx 3 4\ndx 5 6\nabout 0 1\n");
    const data = [join(folder, "old.csv")];
    const [ofColumns, ofVectors] = [{ columns: "text:text,n:number" }, { vectors: join(folder, "glove.txt") }];
    for (const change of [ofColumns, ofVectors]) {
      const { embedding: _, ...sizes } = small;
      const parent = await open(folder, { ...sizes, ...change, ...change === ofColumns && { embedding: 5 }, data });
      await parent.train();
      const child = { from: parent.directory, data: [join(folder, "new.csv")], learningRate: 0, epochs: 1, replay: 0 };
      const run = await open(folder, { ...child, shards: 1 });
      await run.train();
      const [before, after] = [await stateOf(parent.directory), await stateOf(run.directory)];
      const { embedding } = before.config;
      const vectorOf = (state: typeof before, word: string) => {
        const id = state.vocabulary.indexOf(word) + FIRST_KNOWN;
        return [...state.tensor(0, "embedding/embeddings").slice(id * embedding, (id + 1) * embedding)];
      };
      assertEquals([embedding, after.config.columns], [parent.config.embedding, parent.config.columns]);
      for (const word of before.vocabulary) assertEquals(vectorOf(after, word), vectorOf(before, word), word);
      const replayed = await open(folder, { ...child, replay: 0.5, epochs: 2, learningRate: 0.01 });
      const { digest } = await replayed.train();
      const config = configOf(folder, {});
      const { config: training, rules } = await readManifest(replayed.directory);
      const again = {
        config,
        workerUrl,
        cores: 2,
        ...await readDataAgain(replayed.directory, { ...config, ...training }, rules),
      };
      const compared = await Array.fromAsync(verifyRun(replayed.directory, again));
      assertEquals(compared.at(-1)!.computed, digest);
    }
  }));
