import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError, resume, train, TrainingStopped } from "../../mod.ts";
import { load } from "../../predict.ts";
import { exportModel } from "../../lib/run/export/export.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { SMALL } from "./small.ts";

const WORDS = ["please", "help", "order", "card", "late", "again"];

/** Returns rows whose number decides: the label is "review" above 35. */
function payments(count: number, seed: number) {
  const random = new Random(seed, Stream.trainingData);
  const text = (length: number) => Array.from({ length }, () => WORDS[random.below(WORDS.length)]).join(" ");
  return Array.from({ length: count }, (_, at) => {
    random.seek(at);
    const amount = random.below(50) === 0 ? null : Math.exp(1.5 + 4 * random.uniform());
    const country = ["CH", "DE", "FR"][random.below(3)]!;
    return { subject: text(3), body: text(5), amount, country, label: (amount ?? 0) > 35 ? "review" : "ok" };
  });
}

Deno.test("train() learns rows whose number decides to 95%, and answers fields by name", async () => {
  const columns = "subject:text,body:text,amount:number,country:category";
  const options = { ...SMALL, data: payments(600, 1), columns, epochs: 6, hidden: 8, embedding: 8 };
  await using run = await train(options);
  await using alone = await train({ ...options, workers: 1 });
  assertEquals(run.summary.digest, alone.summary.digest);
  const { accuracy, trainedOn } = await run.model.evaluate(payments(400, 2));
  assert(accuracy >= 0.95, `${accuracy}`);
  assert(run.summary.lstm!.validation.accuracy >= 0.9, `${run.summary.lstm!.validation.accuracy}`);
  assert(trainedOn === undefined || trainedOn < 4, `${trainedOn}`);

  const rows = payments(20, 3).map(({ label: _, ...fields }) => fields);
  const answers = await run.model.predictMany(rows);
  await inTemporaryDirectory(async (folder) => {
    await run.save(folder);
    using model = await load(join(folder, "model.lockstep"));
    assertEquals(
      model.predictMany(rows).map(({ probabilities }) => probabilities),
      answers.map((one) => one.probabilities),
    );
    const js = join(folder, "js");
    await exportModel(run.directory, "js", js);
    const exported: { load: typeof load } = await import(`file://${join(js, "index.js")}`);
    const same = await exported.load(`file://${join(js, "model.lockstep")}`);
    assertEquals(same.predict(rows[0]!).probabilities, answers[0]!.probabilities);
    const tf = await import("@tensorflow/tfjs");
    await tf.setBackend("cpu");
    await exportModel(run.directory, "tfjs", join(folder, "tfjs"));
    const { loadClassifier } = await import(`file://${join(folder, "tfjs", "predict.js")}`);
    const found: typeof answers = (await loadClassifier(tf)).predict(rows);
    found.forEach(({ label, probabilities }, at) => {
      assertEquals(label, answers[at]!.label);
      probabilities.forEach((value, k) => assertAlmostEquals(value, answers[at]!.probabilities[k]!, 1e-6));
    });
  });

  const { reasons } = await run.model.explain({ subject: "help", body: "", amount: 200, country: "CH" });
  const [most] = reasons.tokens.toSorted((a, b) => b.weight - a.weight);
  assertMatch(most!.token, /^amount: ≥?\d/);
  const wrong = { subject: "a", amount: "much", country: "CH", "country ": "x" };
  const error = await assertRejects(() => run.model.predict(wrong), InputError);
  assertEquals(error.problems.map(({ field }) => field), ["input.country ", "input.body", "input.amount"]);
  const text = await assertRejects(() => run.model.predict("help"), InputError);
  assertMatch(text.message, /"help": expected an object such as \{"subject":"…","body":"…","amount":12.5/);
});

Deno.test("resume() of a run of several columns, split by groups, ends with the same digest", async () => {
  const columns = "subject:text,amount:number,country:category";
  const data = payments(200, 4).map((row, at) => ({ ...row, who: `c${at % 20}` }));
  const options = { ...SMALL, columns, groupColumn: "who", data, epochs: 4 };
  await using whole = await train(options);
  await inTemporaryDirectory(async (runsDir) => {
    const stop = new AbortController();
    const onProgress = ({ type }: { type: string }) => type === "epoch" ? stop.abort() : undefined;
    const stopped = await assertRejects(
      () => train({ ...options, runsDir, onProgress, signal: stop.signal }),
      TrainingStopped,
    );
    await using run = await resume(stopped.run!.directory, { data, workers: 1, kernels: "wasm" });
    assertEquals(run.summary.digest, whole.summary.digest);
    assertEquals(run.summary.validation, whole.summary.validation);
  });
});

Deno.test("train() tells the same word in two columns apart, in the n-grams as well", async () => {
  // Each row has both words; the one in the subject decides.
  const rows = Array.from({ length: 240 }, (_, at) => {
    const [mine, other] = at % 2 ? ["refund", "parcel"] : ["parcel", "refund"];
    const fill = (step: number) => `${WORDS[(at * step) % 6]} ${WORDS[(at * step + 1) % 6]}`;
    return { subject: `${fill(5)} ${mine} ${fill(7)}`, body: `${fill(3)} ${other} ${fill(1)}`, label: mine };
  });
  await using run = await train({ ...SMALL, data: rows, columns: "subject:text,body:text", epochs: 2 });
  const { baseline } = run.summary;
  assert(baseline!.validation.accuracy >= 0.95, `${baseline!.validation.accuracy}`);
});
