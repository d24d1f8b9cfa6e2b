import { assert, assertEquals, assertMatch } from "@std/assert";
import { DamagedFile, inputError } from "../../../lib/base/errors.ts";
import { MOST_MODELS, ServedModels } from "../../../lib/predict/served_models.ts";
import type { OpenedModel } from "../../../lib/predict/served_model.ts";
import { Unavailable } from "../../../lib/predict/types.ts";
import type { App } from "../../../lib/serve/pipeline/shell.ts";
import { fakeApp, fakePredictor, modelInfo, textPredictor } from "../fakes.ts";
import type { ProblemBody } from "../http/reading.ts";

const never = Promise.withResolvers<never>().promise;

/** Opens a model that answers with its run and a digest of that name. */
function opened(run: string, before: () => Promise<unknown> = () => Promise.resolve()): OpenedModel {
  const info = { ...modelInfo, run, digest: `d-${run}` };
  const plain = fakePredictor();
  const predictor = fakePredictor({
    shape: info,
    model: () => Promise.resolve(info),
    predict: async (...asked) => {
      await before();
      return { ...await plain.predict(...asked), run, digest: info.digest };
    },
  });
  return { predictor, digest: info.digest, bytes: 1000, close: () => {} };
}

/** Makes an app of models `spam` and `intents`, of runs a and b, whose clients may load runs that `openRun` opens. */
function appOf(openRun: (id: string) => Promise<OpenedModel> = (id) => Promise.resolve(opened(id))): {
  readonly app: App;
  readonly models: ServedModels;
} {
  const models = new ServedModels([["spam", opened("a")], ["intents", opened("b")]]);
  const { app } = fakeApp({ services: { models, openRun }, bodyLimitBytes: 2000, readyMs: 5 });
  return { app, models };
}

const tokens = { method: "POST", body: '{"tokens":[1,2,3]}' };
const put = (body: unknown, headers = {}) => ({ method: "PUT", body: JSON.stringify(body), headers });

async function runOf(app: App, path: string): Promise<string> {
  const { run, digest } = await (await app.request(path, tokens)).json();
  assertEquals(digest, `d-${run}`);
  return run;
}

async function refusal(app: App, path: string, init: RequestInit, status: number): Promise<string> {
  const answer = await app.request(path, init);
  const { errors: [problem] }: ProblemBody = await answer.json();
  assertEquals(answer.status, status, problem?.message);
  return `${problem?.field}: ${problem?.message}`;
}

Deno.test("each model answers under its name, and the first one without a name", async () => {
  const { app } = appOf();
  for (
    const [path, run] of [["/predict", "a"], ["/models/spam/predict", "a"], ["/models/intents/predict", "b"]] as const
  ) {
    assertEquals(await runOf(app, path), run);
    assertEquals((await (await app.request(`${path}?tokens=1,2,3`)).json()).run, run);
  }
  assertEquals((await (await app.request("/model")).json()).run, "a");
  for (const [name, run] of [["lockstep", "a"], ["a", "a"], ["spam", "a"], ["intents", "b"]] as const) {
    const path = `/v2/models/${name}`;
    const served = name === "intents" ? "intents" : "spam";
    assertEquals((await (await app.request(path)).json()).name, served);
    assertEquals(await (await app.request(`${path}/ready`)).json(), { name: served, ready: true });
    const body = JSON.stringify({ inputs: [{ name: "tokens", datatype: "INT64", shape: [1, 3], data: [1, 2, 3] }] });
    const answer = await (await app.request(`${path}/infer`, { method: "POST", body })).json();
    assertEquals([answer.model_name, answer.parameters], [served, { run, digest: `d-${run}` }]);
  }
});

Deno.test("GET /models lists the models, and GET /models/{name} describes one", async () => {
  const { app } = appOf();
  await runOf(app, "/models/intents/predict");
  const common = { state: "ready", round: 7, bytes: 1000, failures: 0, canary: null };
  const list = await (await app.request("/models")).json();
  assertEquals(list, {
    models: [
      { name: "spam", ...common, run: "a", digest: "d-a", predictions: 0 },
      { name: "intents", ...common, run: "b", digest: "d-b", predictions: 1 },
    ],
    most: MOST_MODELS,
    loads: true,
  });
  assertEquals(await (await app.request("/models/intents")).json(), {
    ...modelInfo,
    ...list.models[1],
  });
  const metrics = await (await app.request("/metrics")).text();
  assertMatch(
    metrics,
    /^lockstep_model_predict_seconds_count\{model="intents",role="model",run="b",digest="d-b"\} 1$/m,
  );
});

Deno.test("a model that does not answer is listed as unavailable, and named by /readyz", async () => {
  const predictor = fakePredictor({ model: () => never });
  const models = new ServedModels([["spam", opened("a")], ["slow", { predictor, digest: "d7", close: () => {} }]]);
  const { app } = fakeApp({ services: { models }, readyMs: 5 });
  const { models: list, loads } = await (await app.request("/models")).json();
  assertEquals(list.map(({ state, round, digest }: Record<string, unknown>) => [state, round, digest]), [
    ["ready", 7, "d-a"],
    ["unavailable", null, "d7"],
  ]);
  assertEquals(loads, false);
  assertMatch(await refusal(app, "/readyz", {}, 503), /model slow is not ready: the model did not answer within 5 ms/);
  assertEquals((await app.request("/v2/models/slow/ready")).status, 503);
  assertEquals((await app.request("/v2/models/spam/ready")).status, 200);
});

Deno.test("PUT /models/{name} loads a run, and DELETE unloads it", async () => {
  const { app } = appOf();
  const loaded = await (await app.request("/models/more", put({ run: "c" }))).json();
  assertEquals([loaded.name, loaded.run, loaded.digest, loaded.labels], ["more", "c", "d-c", ["odd", "even"]]);
  assertEquals(await runOf(app, "/models/more/predict"), "c");
  await app.request("/models/spam", put({ run: "d" }));
  assertEquals(await runOf(app, "/predict"), "d");
  assertEquals((await app.request("/models/more", { method: "DELETE" })).status, 204);
  assertEquals(
    await refusal(app, "/models/more/predict", tokens, 404),
    'name: No model "more": expected spam or intents',
  );
  assertMatch(await refusal(app, "/models/spam", { method: "DELETE" }, 409), /answers the requests without a name/);
});

Deno.test("a request is answered by the model that it began with, over a swap and an unload", async () => {
  const gate = Promise.withResolvers<void>();
  let closed = 0;
  const slow = { ...opened("b", () => gate.promise), close: () => void closed++ };
  const models = new ServedModels([["spam", opened("a")], ["intents", slow]]);
  const { app } = fakeApp({ services: { models, openRun: (id) => Promise.resolve(opened(id)) } });
  const early = runOf(app, "/models/intents/predict");
  await app.request("/models/intents", put({ run: "c" }));
  assertEquals(await runOf(app, "/models/intents/predict"), "c");
  assertEquals(closed, 0);
  gate.resolve();
  assertEquals(await early, "b");
  assertEquals(closed, 1);
});

Deno.test("a run that cannot be loaded leaves the models unchanged, and the answer says why", async () => {
  const failures: Record<string, Error> = {
    gone: inputError("run", 'No run "gone": GET /runs lists all'),
    damaged: new DamagedFile("/secret/runs/x/model.json", "its content does not have its checksum"),
    dead: new Unavailable("the prediction thread could not start"),
  };
  const { app } = appOf((id) => Promise.reject(failures[id]!));
  const why = (run: string, status: number) => refusal(app, "/models/spam", put({ run }), status);
  assertEquals(await why("gone", 400), 'run: No run "gone": GET /runs lists all');
  const damaged = "model.json: model.json of the run cannot be read: its content does not have its checksum";
  assertEquals(await why("damaged", 409), damaged);
  assertMatch(await why("dead", 503), /could not start/);
  assertEquals(await runOf(app, "/predict"), "a");
});

Deno.test("PUT /models/{name} refuses paths and strange names before it opens anything", async () => {
  const asked: string[] = [];
  const { app } = appOf((id) => Promise.resolve(opened(void asked.push(id) + id)));
  for (const run of ["../a", "/etc", "a/b", ".hidden", "", 7, null, ["a"], "a".repeat(300), "a\0b"]) {
    assertMatch(await refusal(app, "/models/spam", put({ run }), 400), /expected \{"run": "ID"\}/);
  }
  assertMatch(await refusal(app, "/models/spam", put({ run: "c", path: "/etc" }), 400), /expected \{"run": "ID"\}/);
  for (const name of ["..%2Fx", "a%20b", "%22%7D", "%0A", "-x", "x".repeat(65), "__proto__", "%C3%A9"]) {
    assertMatch(await refusal(app, `/models/${name}`, put({ run: "c" }), 400), /^name: name is /, name);
  }
  assertEquals(asked, []);
  for (const name of ["__proto__", "constructor", "toString"]) {
    assertEquals((await app.request(`/models/${name}/predict`, tokens)).status, 404, name);
    assertEquals((await app.request(`/v2/models/${name}/infer`, tokens)).status, 404, name);
  }
});

Deno.test("two swaps of a name at once: one wins, the other gets a 409", async () => {
  const gate = Promise.withResolvers<void>();
  const { app } = appOf(async (id) => {
    await gate.promise;
    return opened(id);
  });
  const first = Promise.resolve(app.request("/models/spam", put({ run: "c" })));
  assertMatch(await refusal(app, "/models/spam", put({ run: "d" }), 409), /is being loaded by another request/);
  gate.resolve();
  assertEquals((await first).status, 200);
  assertEquals(await runOf(app, "/predict"), "c");
});

Deno.test("PUT and DELETE are refused without runs to load, and to pages of other sites", async () => {
  const { app } = fakeApp();
  assertMatch(await refusal(app, "/models/x", put({ run: "r1" }), 409), /this process loads no runs/);
  const { app: loading } = appOf();
  const foreign = { Origin: "http://evil.example" };
  assertMatch(await refusal(loading, "/models/spam", put({ run: "c" }, foreign), 403), /Origin is/);
  assertEquals(await runOf(loading, "/predict"), "a");
});

Deno.test("the OpenAPI document describes the inputs of the first model, also after a swap", async () => {
  const text = { predictor: textPredictor(), close: () => {} };
  const { app } = appOf(() => Promise.resolve(text));
  const fields = async () => {
    const { components } = await (await app.request("/openapi.json")).json();
    return Object.keys(components.schemas.PredictRequest.properties);
  };
  assert(!(await fields()).includes("text"));
  await app.request("/models/spam", put({ run: "c" }));
  assert((await fields()).includes("text"));
});

Deno.test("a canary answers its share, also by the inference protocol, and is promoted by a load", async () => {
  const { app } = appOf();
  const started = await (await app.request("/models/spam/canary", put({ run: "c", share: 0.25 }))).json();
  assertEquals([started.run, started.canary.run, started.canary.share], ["a", "c", 0.25]);
  const runs: string[] = [];
  const tensors = { inputs: [{ name: "tokens", datatype: "INT64", shape: [1, 3], data: [1, 2, 3] }] };
  const infer = { method: "POST", body: JSON.stringify(tensors) };
  for (let asked = 0; asked < 20; asked++) {
    runs.push(await runOf(app, asked % 2 ? "/predict" : "/models/spam/predict"));
    runs.push((await (await app.request("/v2/models/spam/infer", infer)).json()).parameters.run);
  }
  assertEquals(runs.filter((run) => run === "c").length, 10);
  // A version is one of the model, which is described without its canary.
  assertEquals((await (await app.request("/v2/models/spam/versions/5/infer", infer)).json()).parameters.run, "a");
  assertEquals((await (await app.request("/model")).json()).run, "a");
  const { models: [listed] } = await (await app.request("/models")).json();
  assertEquals([listed.predictions, listed.canary.predictions, listed.canary.digest], [31, 10, "d-c"]);
  const metrics = await (await app.request("/metrics")).text();
  assertMatch(metrics, /^lockstep_model_predict_seconds_count\{model="spam",role="canary",run="c",digest="d-c"\} 10$/m);
  // Prometheus refuses a name with the same labels twice, which a canary of the same run must not cause.
  await app.request("/models/spam/canary", put({ run: "a", share: 0.25 }));
  const names = (await (await app.request("/metrics")).text()).split("\n").filter((line) => !/^(#|$)/.test(line))
    .map((line) => line.replace(/ \S+$/, ""));
  assertEquals(names.filter((name, at) => names.indexOf(name) !== at), []);
  await app.request("/models/spam", put({ run: "c" }));
  assertEquals(await Promise.all(Array.from({ length: 8 }, () => runOf(app, "/predict"))), Array(8).fill("c"));
  assertEquals((await (await app.request("/models/spam")).json()).canary, null);
});

Deno.test("DELETE of a canary ends it; wrong shares and names are refused", async () => {
  const { app } = appOf();
  for (const share of [0, 1, -1, 2, "0.1", null]) {
    const why = await refusal(app, "/models/spam/canary", put({ run: "c", share }), 400);
    assertMatch(why, typeof share === "number" ? /share is / : /expected \{"run": "ID", "share": 0.1\}/);
  }
  assertMatch(await refusal(app, "/models/x/canary", put({ run: "c", share: 0.5 }), 404), /No model "x"/);
  await app.request("/models/spam/canary", put({ run: "c", share: 0.5 }));
  assertEquals((await app.request("/models/spam/canary", { method: "DELETE" })).status, 204);
  assertEquals(await Promise.all(Array.from({ length: 8 }, () => runOf(app, "/predict"))), Array(8).fill("a"));
});

Deno.test("failures of a model are counted beside its answers", async () => {
  const predictor = fakePredictor({ predict: () => Promise.reject(new Unavailable("the queue is full")) });
  const models = new ServedModels([["full", { predictor, close: () => {} }]]);
  const { app } = fakeApp({ services: { models } });
  assertEquals((await app.request("/predict", tokens)).status, 503);
  assertEquals((await app.request("/predict", { method: "POST", body: "{}" })).status, 400);
  const { models: [listed] } = await (await app.request("/models")).json();
  assertEquals([listed.predictions, listed.failures], [0, 1]);
  assertMatch(await (await app.request("/metrics")).text(), /^lockstep_model_failures_total\{model="full",.*\} 1$/m);
});
