import { NEWEST_RULES } from "../../../lib/base/normal_form.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openTraining } from "../../../lib/run/training/open_training.ts";
import { readEvents } from "../../../lib/run/log/event_log.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import type { Config } from "../../../lib/config/schema.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { readDataAgain } from "../../../lib/run/training/reload_data.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const workerUrl = new URL("../../../workers/train.ts", import.meta.url);
const baselineUrl = new URL("../../../workers/ngrams.ts", import.meta.url);

/** Generates texts in which one of two words says the class. N-grams learn this quickly, and a tiny LSTM does not. */
function rows(count: number, words: readonly [string, string]): string {
  const filler = ["please", "today", "the", "order", "again", "hello", "now"];
  const lines = Array.from({ length: count }, (_, row) => {
    const text = Array.from({ length: 6 }, (_, at) => filler[(row * (at + 2) + at * row * row) % filler.length]!);
    text[row % 6] = words[row % 2]!;
    return `${text.join(" ")},${row % 2}\n`;
  });
  return `text,label\n${lines.join("")}`;
}

const messages = async (directory: string) =>
  (await Array.fromAsync(readEvents(`${directory}/events.jsonl`, 0))).flatMap((event) =>
    event.type === "incident" ? [event.message] : []
  );

interface Opened {
  readonly baselineUrl: URL;
  readonly content?: string;
  readonly change?: Partial<Config>;
}

function valuesIn(folder: string, change: Partial<Config> = {}) {
  const values = { embedding: 1, hidden: 1, epochs: 1, runsDir: folder, data: [`${folder}/rows.csv`], ...change };
  return { values, nameOf: (key: string) => key };
}

async function openRun(folder: string, { content, change, ...options }: Opened) {
  await Deno.writeTextFile(`${folder}/rows.csv`, content ?? rows(200, ["yes", "no"]));
  return await openTraining((defaults) => resolveConfig(undefined, [valuesIn(folder, change)], defaults), {
    workerUrl,
    cores: 1,
    ...options,
  });
}

Deno.test("a run on files ends with the best combination, and has the metrics of each part", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await openRun(folder, { baselineUrl });
    const { lstm, baseline, validation, heldOut } = await run.train();
    assert(lstm && baseline && validation && lstm.share < 0.5, `share ${lstm?.share}`);
    assertEquals(validation.accuracy, 1);
    assertEquals(heldOut, { loss: validation.loss, accuracy: validation.accuracy }, "of the model that is served");
    // With so few validation rows the powers stay near usual ones, which costs a part that is always right a little.
    assert(
      validation.loss < lstm.validation.loss && validation.loss < baseline.validation.loss + 0.1,
      `${validation.loss}`,
    );
    const events = await Array.fromAsync(readEvents(`${run.directory}/events.jsonl`, 0));
    const epochs = events.flatMap((event) => event.type === "epoch" ? [event] : []);
    assertEquals(lstm.validation.accuracy, epochs.at(-1)?.heldOut.accuracy);
    const { version } = await readModel(run.directory);
    assertEquals(version.ngrams?.share, lstm.share);
    assert("round" in run.newest && run.newest.ngrams?.share === lstm.share);
    assertEquals(baseline.refitRows, 200);
  }));

Deno.test("a run that rejects has the threshold for its precision, or says which one it reaches", () =>
  inTemporaryDirectory(async (folder) => {
    // In half of the rows both words stand, or none: their class cannot be known.
    const content = rows(400, ["yes", "no"]).replaceAll(
      /^(.*) (.*),/gm,
      (all, _, most, at) => at % 2 ? all : `${most},`,
    );
    const reached = await openRun(folder, { baselineUrl, content, change: { reject: 0.9 } });
    const { validation } = await reached.train();
    assert(validation?.answered && validation.accuracy < 0.9, `accuracy ${validation?.accuracy}`);
    const { version: { rejection } } = await readModel(reached.directory);
    assertEquals(rejection?.threshold, validation.answered.threshold);
    assert(validation.answered.accuracy >= 0.9 && validation.answered.share < 1, JSON.stringify(validation.answered));
    assert("round" in reached.newest && reached.newest.rejection?.threshold === rejection?.threshold);
    assertEquals(await messages(reached.directory), []);
    const failing = await openRun(folder, { baselineUrl, content, change: { reject: 0.999 } });
    await failing.train();
    const { version } = await readModel(failing.directory);
    assertEquals(version.rejection?.threshold, version.rejection?.points.at(-1)?.threshold);
    assertMatch((await messages(failing.directory))[0]!, /^`reject` is 0.999: expected at most 0.\d+, the highest/);
  }));

Deno.test("class weights reach the finished model: it finds the rare class by a common word", () =>
  inTemporaryDirectory(async (folder) => {
    const filler = ["please", "today", "the", "order", "again", "hello", "now"];
    const lines = Array.from({ length: 400 }, (_, row) => {
      const isRare = row % 10 === 0;
      const hasSign = isRare ? row % 20 === 0 : Math.floor(row / 10) % 10 === row % 10;
      return `${hasSign ? "maybe " : ""}${filler[(row * row) % 7]} ${filler[(3 * row) % 7]},${
        isRare ? "rare" : "usual"
      }\n`;
    });
    const recallWith = async (change: Partial<Config>) => {
      const content = `text,label\n${lines.join("")}`;
      const run = await openRun(folder, { baselineUrl, content, change });
      assert((await run.train()).lstm);
      const { validation } = JSON.parse(await Deno.readTextFile(`${run.directory}/judgement.json`));
      return validation.classes.find(({ label }: { label: string }) => label === "rare").recall;
    };
    assertEquals(await recallWith({}), 0);
    const recall = await recallWith({ classWeights: "balanced" });
    assert(recall >= 0.5, `recall ${recall}`);
  }));

Deno.test("a run whose n-grams fail or are stopped ends with only the LSTM, and says so", () =>
  inTemporaryDirectory(async (folder) => {
    const failing = await openRun(folder, { baselineUrl: new URL("data:text/javascript,throw new Error('lost')") });
    const { lstm, baseline, validation, heldOut } = await failing.train();
    assertEquals([lstm, baseline, validation?.accuracy], [undefined, undefined, heldOut?.accuracy]);
    const [why, what] = await messages(failing.directory);
    assertMatch(why!, /^There is no baseline: .*lost/);
    assertEquals(what, "The model is only the LSTM: its n-grams were not done in time");

    const silent = "data:text/javascript,self.onmessage=()=>{}";
    const stopped = await openRun(folder, { baselineUrl: new URL(silent) });
    const training = stopped.train();
    stopped.stop(StopReason.signal);
    assertEquals((await training).baseline, undefined);
    for (const { directory } of [failing, stopped]) {
      assertEquals((await readModel(directory)).version.ngrams, undefined);
      assertEquals(
        (await messages(directory)).at(-1),
        "The model is only the LSTM: its n-grams were not done in time",
      );
    }
  }));

Deno.test("a run on files stopped while its n-grams are trained resumes to the whole model", () =>
  inTemporaryDirectory(async (folder) => {
    const whole = await (await openRun(folder, { baselineUrl })).train();
    const silent = await openRun(folder, { baselineUrl: new URL("data:text/javascript,self.onmessage=()=>{}") });
    const training = silent.train();
    for await (const event of silent.log.read(0, new AbortController().signal)) if (event.type === "epoch") break;
    assertEquals(silent.stop(StopReason.signal), true);
    const cut = await training;
    assertEquals([cut.reason, cut.epochs, cut.lstm, cut.digest], ["asked to stop", 1, undefined, whole.digest]);
    const config = resolveConfig(undefined, [valuesIn(folder)]);
    const options = {
      config,
      workerUrl,
      baselineUrl,
      cores: 1,
      ...await readDataAgain(silent.directory, config, NEWEST_RULES),
    };
    const resumed = await (await TrainingRun.resume(silent.directory, options)).train();
    const { reason, digest, heldOut, validation, lstm } = whole;
    assertEquals(
      [resumed.reason, resumed.digest, resumed.heldOut, resumed.validation, resumed.lstm],
      [reason, digest, heldOut, validation, lstm],
    );
  }));

Deno.test("the started event of a run on files has the sizes of the data, as run.json has", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await openRun(folder, { baselineUrl });
    await run.train();
    const [started] = await Array.fromAsync(readEvents(`${run.directory}/events.jsonl`, 0));
    assert(started?.type === "started");
    const { config } = JSON.parse(await Deno.readTextFile(`${run.directory}/run.json`));
    const actual = Object.fromEntries(Object.keys(config).map((key) => [key, started.config[key]]));
    assertEquals(actual, config);
    assert(config.stepsPerEpoch !== 20 && config.length === 6, JSON.stringify(config));
  }));
