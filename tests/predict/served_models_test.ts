import { assert, assertEquals, assertRejects } from "@std/assert";
import { ModelConflict, MOST_MODELS, type OpenedModel, ServedModels } from "../../lib/predict/served_models.ts";
import { InputError } from "../../lib/base/errors.ts";
import { Unavailable } from "../../lib/predict/types.ts";
import { fakePredictor, modelInfo } from "../serve/fakes.ts";

/** A model whose closing is recorded in `closed`, and whose warm-up can wait. */
function fakeModel(run: string, closed: string[] = [], ready: Promise<unknown> = Promise.resolve()): OpenedModel {
  const info = { ...modelInfo, run };
  const predictor = fakePredictor({ shape: info, model: () => ready.then(() => info) });
  return { predictor, digest: `digest of ${run}`, close: () => void closed.push(run) };
}

const opens = (model: OpenedModel) => () => Promise.resolve(model);

Deno.test("ServedModels gives requests without a name to the first model, and others by name", () => {
  const models = new ServedModels([["spam", fakeModel("a")], ["intents", fakeModel("b")]]);
  assertEquals([models.take()?.run, models.take("intents")?.run, models.take("other")], ["a", "b", undefined]);
  assertEquals(models.take("constructor"), undefined);
  assertEquals(models.all.map(({ name, run }) => [name, run]), [["spam", "a"], ["intents", "b"]]);
});

Deno.test("load() replaces a model once the new one answers, and closes it after its last answer", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["spam", fakeModel("a", closed)]]);
  const held = models.take("spam")!;
  const warm = Promise.withResolvers<void>();
  const loading = models.load("spam", opens(fakeModel("b", closed, warm.promise)));
  assertEquals(models.get("spam")?.run, "a");
  warm.resolve();
  await loading;
  assertEquals([models.get("spam")?.run, models.first.run, closed], ["b", "b", []]);
  const again = held.hold();
  held.release();
  assertEquals(closed, []);
  again.release();
  assertEquals(closed, ["a"]);
});

Deno.test("load() that fails leaves the old model, and frees what it opened", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["spam", fakeModel("a", closed)]]);
  const refused = fakeModel("b", closed, Promise.reject(new Unavailable("no thread")));
  await assertRejects(() => models.load("spam", opens(refused)), Unavailable, "no thread");
  await assertRejects(() => models.load("spam", () => Promise.reject(new Error("damaged"))), Error, "damaged");
  assertEquals([models.get("spam")?.run, closed, models.revision], ["a", ["b"], 0]);
  await models.load("spam", opens(fakeModel("c", closed)));
  assertEquals([models.get("spam")?.run, closed, models.revision], ["c", ["b", "a"], 1]);
});

Deno.test("load() makes one change of a name at a time, and different names at once", async () => {
  const models = new ServedModels([["spam", fakeModel("a")]]);
  const warm = Promise.withResolvers<void>();
  const first = models.load("spam", opens(fakeModel("b", [], warm.promise)));
  const message = "model spam is being loaded by another request";
  await assertRejects(() => models.load("spam", opens(fakeModel("c"))), ModelConflict, message);
  await models.load("other", opens(fakeModel("d")));
  warm.resolve();
  await first;
  assertEquals(models.all.map(({ run }) => run), ["b", "d"]);
});

Deno.test("load() refuses names that are no part of a path, and more models than a process serves", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["m0", fakeModel("a", closed)]]);
  for (const name of ["", ".", "..", "../etc", "a/b", "a b", "-a", "é", "a".repeat(65), 'a"}\n', "__proto__"]) {
    await assertRejects(() => models.load(name, opens(fakeModel("b"))), InputError, "name is");
  }
  for (let at = 1; at < MOST_MODELS; at++) await models.load(`m${at}`, opens(fakeModel("b")));
  const message = `${MOST_MODELS} models are open`;
  await assertRejects(() => models.load("more", opens(fakeModel("b"))), ModelConflict, message);
  // A model that still answers is open, too.
  const held = models.take("m1")!;
  await models.unload("m1");
  await assertRejects(() => models.load("more", opens(fakeModel("b"))), ModelConflict, message);
  held.release();
  await models.load("more", opens(fakeModel("b")));
  assertEquals(models.all.length, MOST_MODELS);
});

Deno.test("unload() keeps the first model, and lets another one answer what it has", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["spam", fakeModel("a", closed)], ["intents", fakeModel("b", closed)]]);
  await assertRejects(() => models.unload("spam"), ModelConflict, "answers the requests without a name");
  const held = models.take("intents")!;
  await models.unload("intents");
  assertEquals([models.take("intents"), closed], [undefined, []]);
  held.release();
  assertEquals(closed, ["b"]);
});

Deno.test("close() closes each model once, also one that answers or is being opened", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["spam", fakeModel("a", closed)], ["intents", fakeModel("b", closed)]]);
  const held = models.take("intents")!;
  await models.unload("intents");
  const warm = Promise.withResolvers<void>();
  const loading = models.load("more", opens(fakeModel("c", closed, warm.promise)));
  models.close();
  assertEquals(closed, ["a", "b"]);
  held.release();
  warm.resolve();
  await assertRejects(() => loading, Unavailable, "the server is ending");
  models.close();
  assertEquals(closed, ["a", "b", "c"]);
});

Deno.test("statistics() adds up those of all models", () => {
  const one = new ServedModels([["spam", fakeModel("a")]]).statistics();
  const two = new ServedModels([["spam", fakeModel("a")], ["intents", fakeModel("b")]]).statistics();
  assertEquals([two.queued, two.computing, two.restarts], [2 * one.queued, 2 * one.computing, 2 * one.restarts]);
  assertEquals([two.batchSizes.count, two.batchSizes.sum], [2 * one.batchSizes.count, 2 * one.batchSizes.sum]);
  assert(one.batchSizes.count > 0);
});
