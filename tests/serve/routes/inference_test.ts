import { assertEquals, assertMatch } from "@std/assert";
import { type Input, type Predictor, Unavailable, UnknownVersion } from "../../../lib/predict/types.ts";
import { fakeApp, fakePredictor } from "../fakes.ts";

const tokens = { name: "tokens", datatype: "INT64", shape: [2, 3], data: [[1, 2, 3], [4, 5, 6]] };

function post(path: string, body: unknown, predictor: Partial<Predictor> = {}): Promise<Response> {
  const { app } = fakeApp({ services: { predictor: fakePredictor(predictor) }, maxInstances: 4 });
  return app.request(path, { method: "POST", body: JSON.stringify(body) });
}

Deno.test("POST /v2/models/lockstep/infer answers with label, class and probabilities as tensors", async () => {
  const response = await post("/v2/models/lockstep/infer", { id: "a7", inputs: [tokens] });
  assertEquals([response.status, await response.json()], [200, {
    model_name: "lockstep",
    model_version: "7",
    id: "a7",
    parameters: { run: "r1", digest: "d7" },
    outputs: [
      { name: "label", shape: [2], datatype: "BYTES", data: ["odd", "even"] },
      { name: "class", shape: [2], datatype: "INT64", data: [0, 1] },
      { name: "probabilities", shape: [2, 2], datatype: "FP32", data: [0.75, 0.25, 0.25, 0.75] },
    ],
  }]);
  assertEquals(response.headers.get("Server-Timing"), "queue;dur=0.250, compute;dur=0.500");
});

Deno.test("POST /v2/models/lockstep/infer rejects by its parameter: class -1 and an empty label", async () => {
  const body = { inputs: [tokens], outputs: [{ name: "label" }, { name: "class" }] };
  const response = await post("/v2/models/lockstep/infer", { ...body, parameters: { reject: 0.8, other: [1] } });
  assertEquals((await response.json()).outputs.map(({ data }: { data: unknown }) => data), [["", ""], [-1, -1]]);
  const refused = await post("/v2/models/lockstep/infer", { ...body, parameters: { reject: 2 } });
  assertEquals([refused.status, (await refused.json()).error], [
    400,
    "parameters.reject is 2: expected at most 0.999, as a fraction: 0.2 for 20%",
  ]);
});

Deno.test("POST /v2/models/lockstep/infer lists the most probable labels by its parameter", async () => {
  const infer = (more: object) =>
    post("/v2/models/lockstep/infer", { inputs: [tokens], parameters: { top: 1 }, ...more });
  const { outputs } = await (await infer({})).json();
  assertEquals(outputs.map(({ name }: { name: string }) => name), [
    "label",
    "class",
    "top_labels",
    "top_probabilities",
  ]);
  assertEquals(outputs.slice(2), [
    { name: "top_labels", shape: [2, 1], datatype: "BYTES", data: ["odd", "even"] },
    { name: "top_probabilities", shape: [2, 1], datatype: "FP32", data: [0.75, 0.75] },
  ]);
  const full = await (await infer({ outputs: [{ name: "probabilities" }, { name: "top_labels" }] })).json();
  assertEquals(full.outputs.map(({ shape }: { shape: unknown }) => shape), [[2, 2], [2, 1]]);
  const refused = await infer({ parameters: {}, outputs: [{ name: "top_labels" }] });
  assertEquals(
    (await refused.json()).error,
    'outputs has the unknown name "top_labels": expected label, class, probabilities',
  );
});

Deno.test("POST /v2/models/{name}/infer accepts flat data, INT32, lengths, run names and outputs", async () => {
  const asked: (readonly Input[])[] = [];
  const predict: Predictor["predict"] = (sequences) => {
    asked.push(sequences);
    return fakePredictor().predict(sequences);
  };
  const flat = { ...tokens, datatype: "INT32", data: tokens.data.flat() };
  const lengths = { name: "lengths", datatype: "INT32", shape: [2], data: [3, 3] };
  const response = await post(
    "/v2/models/r1/infer",
    { inputs: [lengths, flat], outputs: [{ name: "class" }] },
    { predict },
  );
  assertEquals((await response.json()).outputs.map(({ name }: { name: string }) => name), ["class"]);
  assertEquals(asked, [tokens.data]);
});

Deno.test("POST /v2/models/{name}/versions/{version}/infer predicts with that round", async () => {
  const rounds: unknown[] = [];
  const predict: Predictor["predict"] = (sequences, options) => {
    rounds.push(options?.version);
    if (options?.version === 4) throw new UnknownVersion("No version 4");
    return fakePredictor().predict(sequences);
  };
  for (const [version, status] of [["5", 200], ["4", 404], ["x", 404], ["-1", 404]] as const) {
    const response = await post(`/v2/models/lockstep/versions/${version}/infer`, { inputs: [tokens] }, { predict });
    assertEquals(response.status, status, version);
    if (status === 404) assertMatch((await response.json()).error, /^No version /);
  }
  assertEquals(rounds, [5, 4]);
});

Deno.test("POST /v2/models/{name}/infer reports errors in the protocol's own format", async () => {
  const cases: [body: unknown, error: string][] = [
    [{}, "inputs: Invalid input: expected array, received undefined"],
    [{ inputs: [{ ...tokens, name: "text" }] }, 'inputs has the unknown name "text": expected tokens, or lengths'],
    [
      { inputs: [{ ...tokens, name: "lengths" }] },
      "inputs has no tokens: expected a tensor of shape [sequences, length]",
    ],
    [{ inputs: [{ ...tokens, shape: [6] }] }, "tokens has the shape [6]: expected [sequences, length]"],
    [{ inputs: [{ ...tokens, shape: [2, 2] }] }, "tokens has 6 elements: expected 4, by its shape"],
    [{ inputs: [{ ...tokens, shape: [5, 3] }] }, "tokens has 5 sequences: expected 1 to 4"],
    [{ inputs: [{ ...tokens, shape: [0, 3], data: [] }] }, "tokens has 0 sequences: expected 1 to 4"],
    [{ inputs: [{ ...tokens, datatype: "FP32" }] }, 'tokens has the datatype "FP32": expected INT64 or INT32'],
    [
      { inputs: [{ ...tokens, data: [[1, 2, 3], [4, 5, 60]] }] },
      "tokens[1][2] is 60: expected a whole number from 0 to 49",
    ],
    [{ inputs: [{ ...tokens, data: [[1, 2, 3], [4, 5, "6"]] }] }, 'tokens holds "6": expected whole numbers'],
    [
      { inputs: [tokens], outputs: [{ name: "logits" }] },
      'outputs has the unknown name "logits": expected label, class, probabilities',
    ],
  ];
  for (const [body, error] of cases) {
    const response = await post("/v2/models/lockstep/infer", body);
    assertEquals([response.status, await response.json()], [400, { error }]);
  }
  const unknown = await post("/v2/models/other/infer", { inputs: [tokens] });
  const named = { error: 'No model "other": expected lockstep or r1' };
  assertEquals([unknown.status, await unknown.json()], [404, named]);
  const predict = () => Promise.reject(new Unavailable("too many wait"));
  const busy = await post("/v2/models/lockstep/infer", { inputs: [tokens] }, { predict });
  assertEquals([busy.status, busy.headers.get("Retry-After"), await busy.json()], [503, "1", {
    error: "too many wait",
  }]);
  const broken = () => Promise.reject(new Error("secret"));
  const failed = await post("/v2/models/lockstep/infer", { inputs: [tokens] }, { predict: broken });
  assertEquals([failed.status, await failed.json()], [500, { error: "the server failed to answer" }]);
});

Deno.test("GET /v2 and its subpaths describe the model and its readiness", async () => {
  const { app } = fakeApp();
  const get = async (path: string) => (await app.request(path)).json();
  assertEquals((await get("/v2")).name, "lockstep");
  assertEquals(await get("/v2/health/live"), { live: true });
  assertEquals(await get("/v2/health/ready"), { ready: true });
  const model = await get("/v2/models/lockstep");
  assertEquals([model.name, model.versions], ["lockstep", ["7", "5"]]);
  assertEquals(model.inputs, [{ name: "tokens", datatype: "INT64", shape: [-1, 3] }]);
  assertEquals((await get("/v2/models/r1/versions/5")).versions, ["5"]);
  assertEquals(await get("/v2/models/lockstep/ready"), { name: "lockstep", ready: true });
  const ending = fakeApp({ services: { ready: () => false } }).app;
  const response = await ending.request("/v2/health/ready");
  assertEquals([response.status, await response.json()], [503, {
    error: "not ready: the server is starting or ending",
  }]);
});
