import { assert, assertEquals, assertRejects } from "@std/assert";
import { ModelConflict, MOST_MODELS, ServedModels } from "../../lib/predict/served_models.ts";
import type { OpenedModel } from "../../lib/predict/served_model.ts";
import { InputError } from "../../lib/base/errors.ts";
import { Unavailable } from "../../lib/predict/types.ts";
import { fakePredictor, modelInfo, textPredictor } from "../serve/fakes.ts";

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
  assertEquals(models.get("spam")?.model.run, "a");
  warm.resolve();
  await loading;
  assertEquals([models.get("spam")?.model.run, models.first.run, closed], ["b", "b", []]);
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
  assertEquals([models.get("spam")?.model.run, closed, models.revision], ["a", ["b"], 0]);
  await models.load("spam", opens(fakeModel("c", closed)));
  assertEquals([models.get("spam")?.model.run, closed, models.revision], ["c", ["b", "a"], 1]);
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

Deno.test("startCanary() gives an exact share of the requests, evenly, and endCanary() none", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["spam", fakeModel("a", closed)]]);
  const taken = (requests: number) => {
    const runs = Array.from({ length: requests }, () => models.take("spam")!).map((model) => {
      model.release();
      return model.run;
    });
    return runs.map((run, at) => run === "b" ? at : -1).filter((at) => at >= 0);
  };
  for (const share of [0.1, 0.25, 0.29, 0.5, 0.9999, 0.0001, 1 / 3]) {
    await models.startCanary("spam", "b", share, opens(fakeModel("b", closed)));
    const at = taken(10_000);
    assertEquals(at.length, Math.round(share * 10_000), `${share}`);
    const gaps = at.slice(1).map((one, index) => one - at[index]!);
    assert(gaps.every((gap) => Math.abs(gap - 1 / share) < 1.1), `${share}: ${Math.max(...gaps)}`);
  }
  // With another share the same model continues.
  assertEquals([models.first.run, models.get("spam")?.canary?.share, models.all.length], ["a", 1 / 3, 2]);
  await models.endCanary("spam");
  assertEquals([taken(100), closed], [[], ["b"]]);
});

Deno.test("a canary ends at a swap, at an unload, and for another canary", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["first", fakeModel("a", closed)], ["spam", fakeModel("b", closed)]]);
  await models.startCanary("spam", "c", 0.5, opens(fakeModel("c", closed)));
  await models.startCanary("spam", "d", 0.5, opens(fakeModel("d", closed)));
  assertEquals(closed, ["c"]);
  await models.load("spam", opens(fakeModel("d2", closed)));
  assertEquals([closed, models.get("spam")?.canary], [["c", "b", "d"], undefined]);
  await models.startCanary("spam", "e", 0.5, opens(fakeModel("e", closed)));
  await models.unload("spam");
  assertEquals(closed, ["c", "b", "d", "d2", "e"]);
  models.close();
  assertEquals(closed.toSorted(), ["a", "b", "c", "d", "d2", "e"]);
});

Deno.test("startCanary() refuses other shares, a missing name and a model of other inputs", async () => {
  const closed: string[] = [];
  const models = new ServedModels([["spam", fakeModel("a", closed)]]);
  for (const share of [0, 1, -0.1, 1.5, NaN, Infinity, 0.00001]) {
    const start = () => models.startCanary("spam", "b", share, opens(fakeModel("b")));
    await assertRejects(start, InputError, "expected a number from 0.0001 to 0.9999");
  }
  await assertRejects(() => models.startCanary("x", "b", 0.5, opens(fakeModel("b"))), ModelConflict, "no model x");
  const texts = { predictor: textPredictor(), close: () => void closed.push("texts") };
  const message = "run t takes texts: expected 3 tokens from 0 to 49, as model spam takes";
  await assertRejects(() => models.startCanary("spam", "t", 0.5, opens(texts)), ModelConflict, message);
  assertEquals([closed, models.get("spam")?.canary], [["texts"], undefined]);
});
