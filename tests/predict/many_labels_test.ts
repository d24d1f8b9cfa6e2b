import { assert, assertEquals } from "@std/assert";
import { initialWeights } from "../../lib/model/initial.ts";
import { trainedModel } from "../../lib/model/task_model.ts";
import { fakeApp } from "../serve/fakes.ts";
import { soon } from "../serve/http/reading.ts";
import { config, tinyPredictor } from "./tiny_predictor.ts";

const labels = Array.from({ length: 10_000 }, (_, index) => `label ${index}`);

Deno.test("10,000 labels are answered by the top ones in few bytes; too many lists are refused", async () => {
  const { spec, layout } = trainedModel(config, labels);
  const newest = { round: 1, digest: "d1", weights: initialWeights(spec, layout, config) };
  using tiny = tinyPredictor({ model: { run: "r1", config, labels }, newest: () => newest });
  const { app } = fakeApp({ services: { predictor: tiny.predictor }, maxInstances: 1024 });
  const post = async (body: object) =>
    await soon(Promise.resolve(app.request("/predict", { method: "POST", body: JSON.stringify(body) })), "an answer");
  const tokens = Array.from({ length: config.length }, () => 1);
  const instances = Array.from({ length: 300 }, () => tokens);
  const text = await (await post({ instances, top: 3 })).text();
  assert(text.length < 300 * 400, `${text.length} characters`);
  const { predictions } = JSON.parse(text);
  const full = await (await post({ tokens })).json();
  const sorted = labels.map((label, index) => ({ label, probability: full.probabilities[index] }))
    .sort((a, b) => b.probability - a.probability);
  assertEquals(predictions[299].top, sorted.slice(0, 3));
  assertEquals(Object.keys(predictions[0]), ["class", "label", "top"]);
  const refused = await post({ instances });
  assertEquals([refused.status, (await refused.json()).errors[0].field], [400, "instances"]);
});
