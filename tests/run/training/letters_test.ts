/** Tests runs whose words have letters: from training on files to predictions, and back to training by --weights. */
import { NEWEST_RULES } from "../../../lib/base/normal_form.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../../lib/base/errors.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import type { Config } from "../../../lib/config/schema.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { BatchPredictor, openSaved } from "../../../lib/predict/batch_predictor.ts";
import { trainedModel } from "../../../lib/model/task_model.ts";
import { exportModel } from "../../../lib/run/export/export.ts";
import { checkpointBytes } from "../../../lib/run/files/checkpoint.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { readEvents } from "../../../lib/run/log/event_log.ts";
import { openTraining } from "../../../lib/run/training/open_training.ts";
import { readDataAgain } from "../../../lib/run/training/reload_data.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { predictThread } from "../../../lib/predict/thread.ts";
import type { FromThread } from "../../../lib/predict/protocol.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";

keepThreads(2);

const workerUrl = new URL("../../../workers/train.ts", import.meta.url);

const SYLLABLES = ["ba", "co", "di", "fu", "ga", "le", "mo", "nu", "pi", "ra", "so", "ty"];
const random = new Random(6, Stream.trainingData);
const pick = <Item>(items: readonly Item[]) => items[random.below(items.length)]!;

/** Words of four syllables, of which 20 say the class of a row that has one of them, and 20 the other class. */
const SIGNS = Array.from({ length: 40 }, () => Array.from({ length: 4 }, () => pick(SYLLABLES)).join(""));

/** Returns `word` with two neighbouring letters in the wrong order. */
function misspelt(word: string): string {
  const at = 1 + random.below(word.length - 3);
  return word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2);
}

function rows(count: number, spell = (word: string) => word): string {
  const lines = Array.from({ length: count }, () => {
    const sign = random.below(SIGNS.length);
    const fillers = Array.from({ length: 3 }, () => pick(["please", "today", "order", "again"]));
    return `${[...fillers, spell(SIGNS[sign]!)].join(" ")},${sign % 2 === 0 ? "even" : "odd"}\n`;
  });
  return `text,label\n${lines.join("")}`;
}

const TRAINING = rows(300), MISSPELT = rows(200, misspelt);

function configIn(folder: string, change: Partial<Config>, defaults?: Partial<Config>): Config {
  const values = {
    embedding: 8,
    hidden: 8,
    epochs: 8,
    ngrams: "none",
    runsDir: folder,
    data: [join(folder, "rows.csv")],
    ...change,
  };
  return resolveConfig(undefined, [{ values, nameOf: (key) => key }], defaults);
}

async function openRun(folder: string, change: Partial<Config> = {}): Promise<TrainingRun> {
  await Deno.writeTextFile(join(folder, "rows.csv"), TRAINING);
  return await openTraining((defaults) => configIn(folder, change, defaults), { workerUrl, cores: 2 });
}

Deno.test("letters classify most misspelt words by their meaning, which is chance without them", () =>
  inTemporaryDirectory(async (folder) => {
    const test = join(folder, "test.csv");
    await Deno.writeTextFile(test, MISSPELT);
    const accuracies: number[] = [];
    for (const letterRows of [0, 2000]) {
      const run = await openRun(folder, { letterRows, test, hidden: 16, embedding: 16, epochs: 30, dropout: 0 });
      accuracies.push((await run.train()).test!.accuracy);
    }
    const [without, withLetters] = accuracies;
    assert(without! < 0.65 && withLetters! > 0.85, `${without} without letters, ${withLetters} with them`);
  }));

Deno.test("a run with letters has one digest and one answer when it resumes, verifies and serves", () =>
  inTemporaryDirectory(async (folder) => {
    const change = { letterRows: 300, workers: 2 };
    const whole = await openRun(folder, change);
    const { digest } = await whole.train();
    const stopped = await openRun(folder, { ...change, workers: 1 });
    stopped.stop(StopReason.signal);
    await stopped.train();
    const config = configIn(folder, { workers: 1 });
    const read = await readDataAgain(stopped.directory, { ...stopped.config, ...config, task: "table" }, NEWEST_RULES);
    const options = { config, workerUrl, cores: 2, ...read };
    const resumed = await TrainingRun.resume(stopped.directory, options);
    const summary = await resumed.train();
    assertEquals(summary.digest, digest);
    const compared = await Array.fromAsync(verifyRun(stopped.directory, options));
    assert(compared.length > 1 && compared.every(({ recorded, computed }) => recorded === computed));

    // Training evaluates rows of letters, and the finished model the vectors that were made of them.
    const events = await Array.fromAsync(readEvents(join(resumed.directory, "events.jsonl"), 0));
    const { heldOut } = events.findLast((event) => event.type === "epoch")!;
    assertAlmostEquals(summary.validation!.loss, heldOut.loss, 1e-6);

    const saved = await readModel(resumed.directory);
    const { spec, layout } = trainedModel(saved.config, saved.labels);
    const inputs = ["please order " + SIGNS[0], "again " + misspelt(SIGNS[3]!), "", "zzzzz qqq"];
    const expected = (await openSaved(saved))(inputs).map(({ probabilities }) => probabilities);
    const batch = { spec, preprocessing: saved.preprocessing, maxBatch: 2, maxLength: saved.config.length };
    const predictor = await BatchPredictor.open({ config: saved.config, ...batch });
    const replies: FromThread[] = [];
    const send = predictThread((message) => void replies.push(message));
    const bytes = (await checkpointBytes(resumed.directory, summary.rounds))!;
    send({ type: "open", options: { config: saved.config, ...batch } });
    send({ type: "checkpoint", round: summary.rounds, bytes });
    send({ type: "predict", inputs, version: summary.rounds });
    while (replies.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    predictor.setNewest(resumed.newest);
    const ofCheckpoint = replies[2]!;
    assert(ofCheckpoint.type === "outcome", JSON.stringify(ofCheckpoint));
    for (const { probabilities } of [predictor.predict(inputs), ofCheckpoint.outcome]) {
      assertEquals([...probabilities], expected.flat());
    }
    assertEquals(layout.tensors[0]!.shape, [saved.config.vocabulary + 300, 8]);
  }));

/** Returns the vectors of known words, and those of letters, by their names. */
async function vectorsOf(directory: string): Promise<Map<string, Float32Array>> {
  const { config: { embedding, letterRows }, version: { weights }, preprocessing } = await readModel(directory);
  const names = ["padding", "unknown", ...preprocessing!.vocabulary.map((word) => `word ${word}`)];
  for (let row = 0; row < letterRows; row++) names.push(`letters ${row}`);
  return new Map(names.map((name, row) => [name, weights.subarray(row * embedding, (row + 1) * embedding)]));
}

Deno.test("train --weights starts from the vectors of words, with and without letters", () =>
  inTemporaryDirectory(async (folder) => {
    const still = { epochs: 1, learningRate: 0, shards: 1, workers: 1, seed: 3 };
    for (const from of [300, 0]) {
      const run = await openRun(folder, { letterRows: from, epochs: 2 });
      await run.train();
      const exported = join(folder, `from${from}`);
      await exportModel(run.directory, "safetensors", exported);
      const given = await vectorsOf(run.directory);
      for (const letterRows of [300, 0, 200]) {
        // Another seed draws another validation set, so that words are in another order.
        const next = await openRun(folder, { ...still, letterRows, weights: join(exported, "model.safetensors") });
        await next.train();
        const vectors = await vectorsOf(next.directory);
        let compared = 0;
        for (const [name, vector] of vectors) {
          const before = given.get(name);
          if (!before || (letterRows !== from && name.startsWith("letters"))) continue;
          compared++;
          vector.forEach((value, i) =>
            assertAlmostEquals(value, before[i]!, 1e-6, `${from} to ${letterRows}: ${name}`)
          );
        }
        assert(compared >= 40 + (letterRows === from ? from : 0), `${compared} vectors`);
      }
    }
  }));

Deno.test("letters are refused where tokens have none", () =>
  inTemporaryDirectory(async (folder) => {
    const refused = await assertRejects(() => openRun(folder, { letterRows: 10, tokenizer: "codes" }), InputError);
    assertEquals(refused.message, "letterRows is 10: expected 0 for tokens that are not words");
    const generated = () => resolveConfig(undefined, [{ values: { letterRows: 10 }, nameOf: (key) => key }]);
    await assertRejects(async () => await generated(), InputError, "letterRows is 10: expected 0 for the task parity");
  }));
