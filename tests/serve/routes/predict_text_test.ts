import { counted } from "../../../lib/base/counted.ts";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { createReader, MOST_IN_REQUEST } from "../../../lib/standalone/reader.ts";
import { WHITE_SPACE } from "../../run/training/white_space_tokenizer.ts";
import { fakeApp, modelInfo, preprocessing, textPredictor } from "../fakes.ts";
import type { ProblemBody } from "../http/reading.ts";

const { app } = fakeApp({
  bodyLimitBytes: 200_000,
  maxInstances: 4,
  services: { predictor: textPredictor() },
});

const post = (path: string, body: unknown) =>
  Promise.resolve(app.request(path, { method: "POST", body: JSON.stringify(body) }));

async function complaint(body: unknown): Promise<string> {
  const response = await post("/predict", body);
  assertEquals(response.status, 400);
  const { errors }: ProblemBody = await response.json();
  return errors.map(({ message }) => message).join("; ");
}

const odd = { class: 0, label: "odd", probabilities: [0.75, 0.25] };
const even = { class: 1, label: "even", probabilities: [0.25, 0.75] };

Deno.test("POST /predict answers a text with its share of unknown tokens and truncation", async () => {
  // Words have ids from 2 on: `refund` 2, `please` 3; the fake answers with the parity of the first.
  const read = { unknownShare: 0, truncated: false };
  const version = { run: "r1", round: 7, digest: "d7" };
  assertEquals(await (await post("/predict", { text: "Please, refund!" })).json(), {
    ...version,
    ...odd,
    unknownShare: 1 / 3,
    truncated: true,
  });
  assertEquals(await (await post("/predict", { text: "refund please !" })).json(), { ...version, ...even, ...read });
  assertEquals(await (await post("/predict", { text: "" })).json(), {
    ...version,
    ...odd,
    unknownShare: 1,
    truncated: false,
  });
  assertEquals(await (await post("/predict", { tokens: ["refund", "crash"] })).json(), {
    ...version,
    ...even,
    ...read,
  });
});

Deno.test("POST /predict accepts texts, named tokens and objects of either in one list", async () => {
  const response = await post("/predict", {
    instances: ["please", ["crash"], { text: "REFUND me" }, { tokens: ["please", 7] }],
  });
  const { predictions } = await response.json();
  assertEquals(predictions, [
    { ...odd, unknownShare: 0, truncated: false },
    { ...even, unknownShare: 0, truncated: false },
    { ...even, unknownShare: 0.5, truncated: false },
    { ...odd, unknownShare: 0.5, truncated: false },
  ]);
});

Deno.test("GET /predict answers as POST does, with the headers of other answers", async () => {
  const get = (query: string) => Promise.resolve(app.request(`/predict${query}`));
  const response = await get("?text=Please,%20refund!");
  assertEquals([response.status, response.headers.get("Cache-Control")], [200, "no-store"]);
  assertMatch(response.headers.get("Server-Timing")!, /^queue;dur=/);
  assertEquals(await response.json(), await (await post("/predict", { text: "Please, refund!" })).json());
  assertEquals(
    await (await get("?tokens=refund,7&reject=0.9&top=1")).json(),
    await (await post("/predict", { tokens: ["refund", "7"], reject: 0.9, top: 1 })).json(),
  );
  for (
    const [query, wanted] of [
      ["", "the query has no text: expected such as /predict?text=where is my parcel"],
      ["?text=a&tokens=b", 'the body has both text and tokens: expected {"text": "..."}, '],
      ["?text=a&top=x", 'top is "x": expected a number'],
      ["?text=a&colour=b", "colour is not known: expected"],
    ] as const
  ) {
    const refused = await get(query);
    const { detail }: ProblemBody = await refused.json();
    assertEquals([refused.status, detail?.slice(0, wanted.length)], [400, wanted]);
  }
});

Deno.test("POST /predict lists the most probable labels on request", async () => {
  const asked = { text: "refund", top: 1 };
  const { top, probabilities } = await (await post("/predict", asked)).json();
  assertEquals([top, probabilities], [[{ label: "even", probability: 0.75 }], undefined]);
  const full = await (await post("/predict", { ...asked, probabilities: true })).json();
  assertEquals([full.top, full.probabilities], [top, [0.25, 0.75]]);
  assertEquals(
    (await (await post("/predict", { text: "refund", probabilities: false })).json()).probabilities,
    undefined,
  );
  const { predictions } = await (await post("/predict", { instances: ["refund", "please"], top: 9 })).json();
  assertEquals(predictions.map(({ top }: { top: unknown }) => top), [
    [{ label: "even", probability: 0.75 }, { label: "odd", probability: 0.25 }],
    [{ label: "odd", probability: 0.75 }, { label: "even", probability: 0.25 }],
  ]);
  assertEquals(await complaint({ text: "refund", top: 0 }), "top is 0: expected at least 1");
  assertEquals(await complaint({ text: "a", probabilities: 1 }), "probabilities is 1: expected true or false");
});

Deno.test("POST /predict explains a few texts, and refuses more or a model without texts", async () => {
  const asked: unknown[] = [];
  const predictor = textPredictor();
  const listening = {
    ...predictor,
    predict: (...[inputs, options]: Parameters<typeof predictor.predict>) => {
      asked.push(options?.explain);
      return predictor.predict(inputs, options);
    },
  };
  const own = fakeApp({ maxInstances: 20, services: { predictor: listening } }).app;
  const ids = fakeApp({ maxInstances: 20 }).app;
  const send = async (app: typeof own, body: unknown) => {
    const response = await app.request("/predict", { method: "POST", body: JSON.stringify(body) });
    return (await response.json()).detail ?? response.status;
  };
  assertEquals(await send(own, { text: "refund", explain: true }), 200);
  assertEquals(await send(own, { instances: Array(8).fill("refund"), explain: true }), 200);
  assertEquals((await own.request("/predict?text=refund&explain=true")).status, 200);
  assertEquals(await send(own, { text: "refund" }), 200);
  assertEquals(asked, [true, true, true, undefined]);
  const nine = { instances: Array(9).fill("refund"), explain: true };
  assertEquals(await send(own, nine), "explain is true for 9 sequences: expected at most 8");
  assertEquals(await send(own, { text: "refund", explain: 1 }), "explain is 1: expected true or false");
  assertEquals(
    await send(ids, { tokens: [1, 2, 3], explain: true }),
    "the model was not trained on files: only models of files can be explained",
  );
});

Deno.test("POST /predict gives no label to answers that are less sure than the request wants", async () => {
  const rejected = { class: 0, label: "odd", probability: 0.75, threshold: 0.9 };
  const none = { class: null, label: null, rejected, probabilities: [0.75, 0.25] };
  const read = { unknownShare: 0, truncated: false };
  assertEquals(await (await post("/predict", { text: "please", reject: 0.9 })).json(), {
    ...{ run: "r1", round: 7, digest: "d7" },
    ...none,
    ...read,
  });
  assertEquals((await (await post("/predict", { instances: ["please"], reject: 0.7 })).json()).predictions, [
    { ...odd, ...read },
  ]);
  const wanted = "expected at most 0.999, as a fraction: 0.2 for 20%";
  assertEquals(await complaint({ text: "a", reject: 95 }), `reject is 95: ${wanted}`);
  assertEquals(await complaint({ text: "a", reject: "0.9" }), 'reject is "0.9": expected a number');
  assertEquals(await complaint({ text: "a", reject: -1 }), "reject is -1: expected at least 0");
  assertMatch(await complaint({ instances: [{ text: "a", reject: 0.9 }] }), /^instances\[0\].reject is not known/);
});

Deno.test("POST /predict reads numbers among tokens as written; runs of the first rules by value", async () => {
  const vocabulary = ["9007199254740992", "9007199254740993", "1e2", "100", "é"];
  const ask = async (rules: 1 | 2, body: string) => {
    const predictor = textPredictor({ ...preprocessing, vocabulary, ...rules === 2 && { rules } });
    const { app } = fakeApp({ bodyLimitBytes: 200_000, services: { predictor } });
    return await app.request("/predict", { method: "POST", body });
  };
  const label = async (rules: 1 | 2, token: string) => (await (await ask(rules, `{"tokens":[${token}]}`)).json()).label;
  assertEquals([await label(2, "9007199254740992"), await label(2, "9007199254740993")], ["even", "odd"]);
  assertEquals([await label(1, "9007199254740992"), await label(1, "9007199254740993")], ["even", "even"]);
  assertEquals([await label(2, "1e2"), await label(2, "100"), await label(1, "1e2")], ["even", "odd", "odd"]);
  assertEquals([await label(2, '"e\u0301"'), await label(2, '"e\u00AD\u0301"'), await label(2, '"e"')], [
    "even",
    "even",
    "odd",
  ]);
  const { predictions } = await (await ask(2, '{"instances":[[9007199254740993],{"tokens":[1e2]}]}')).json();
  assertEquals(predictions.map((one: { label: string }) => one.label), ["odd", "even"]);
  const long = `"${"x".repeat(70_000)}, 1.5"`;
  assertEquals((await ask(2, `{"tokens":[${long},100,"1e2"]}`)).status, 200);
  const inLong = async (token: string) =>
    (await (await ask(2, `{"instances":[[${long}],[${token}]]}`)).json()).predictions[1].label;
  assertEquals([await inLong("1e2"), await inLong("100")], ["even", "odd"]);
  assertEquals((await ask(1, `{"tokens":[${long},100,1e2]}`)).status, 200);
});

Deno.test("POST /predict names what is wrong with a text", async () => {
  assertMatch(await complaint({}), /^the body has no text: expected \{"text": "..."\}, \{"tokens": \[...\]\} or/);
  assertMatch(await complaint({ text: "a", tokens: ["a"] }), /^the body has both text and tokens/);
  assertEquals(await complaint({ text: 7 }), "text is 7: expected a text");
  assertEquals(await complaint({ text: null }), "text is null: expected a text");
  assertEquals(await complaint({ tokens: [] }), "tokens is []: expected a list of at least one token");
  assertEquals(await complaint({ tokens: ["a", null] }), "tokens[1] is null: expected a text or a number");
  assertEquals(
    await complaint({ instances: ["a", { text: 1 }, 3] }),
    'instances[1].text is 1: expected a text; instances[2] is 3: expected a text, a list of tokens, {"text": "..."} ' +
      'or {"tokens": [...]}',
  );
  assertMatch(await complaint({ instances: [{ text: "a", tokens: [] }] }), /^instances\[0\] has both text and tokens/);
});

Deno.test("POST /predict accepts a text and tokens as long as a body may be", async () => {
  const long = `refund ${"please, ".repeat(20_000)}`;
  const { label, truncated } = await (await post("/predict", { text: long })).json();
  assertEquals([label, truncated], ["even", true]);
  const { predictions } = await (await post("/predict", { instances: [{ text: long }] })).json();
  assertEquals([predictions[0].label, predictions[0].truncated], ["even", true]);
  assertEquals((await post("/predict", { text: "x".repeat(200_000) })).status, 413);
});

Deno.test("createReader() bounds a request's text only where a Hugging Face tokenizer cuts it", () => {
  const preprocessing: PreprocessingJson = {
    tokenizer: WHITE_SPACE,
    vocabulary: ["a"],
    maxLength: 3,
    truncate: "end",
  };
  const shape = { vocabulary: 3, length: 3 };
  const long = "a ".repeat(MOST_IN_REQUEST / 2 + 1);
  assertEquals(createReader(shape, preprocessing).readText(long, "text"), long);
  const served = createReader(shape, preprocessing, { served: true });
  assertThrows(
    () => served.readText(long, "text"),
    InputError,
    `text has ${counted(long.length, "character")}: expected at most ${MOST_IN_REQUEST.toLocaleString("en-US")}`,
  );
});

Deno.test("createReader() refuses a request's text with a long part without white space", () => {
  const shape = { ...modelInfo, vocabulary: 6, text: true };
  const served = createReader(shape, preprocessing, { served: true });
  const most = MOST_IN_REQUEST;
  const good = [
    "x".repeat(most),
    ` ${"x".repeat(most)} `,
    `${"x".repeat(most)} ${"y".repeat(most)}`,
    "a ".repeat(300_000),
  ];
  for (const text of good) assertEquals(served.readText(text, "text"), text);
  const bad = ["x".repeat(most + 1), `a ${"x".repeat(most + 1)} b`, `${"a ".repeat(100_000)}${"x".repeat(most + 1)}`];
  for (const text of bad) {
    assertThrows(
      () => served.readText(text, "text"),
      InputError,
      `text has more than ${counted(most, "character")} without white space`,
    );
    assertEquals(createReader(shape, preprocessing).readText(text, "text"), text);
  }
});

Deno.test("a model of token ids refuses texts", async () => {
  const { app } = fakeApp({});
  const response = await app.request("/predict", { method: "POST", body: '{"text":"hello"}' });
  const { detail }: ProblemBody = await response.json();
  assertEquals([response.status, detail], [
    400,
    "text is a text: expected tokens, as this model was not trained on text",
  ]);
});

Deno.test("GET /model says whether it takes texts", async () => {
  assertEquals((await (await app.request("/model")).json()).text, true);
});

Deno.test("the inference protocol accepts texts as BYTES", async () => {
  const tensor = (data: unknown[], changes = {}) => ({
    inputs: [{ name: "text", shape: [data.length], datatype: "BYTES", data, ...changes }],
  });
  const infer = (body: unknown) => post("/v2/models/lockstep/infer", body);
  const { outputs } = await (await infer(tensor(["please", "refund"]))).json();
  assertEquals(outputs[0], { name: "label", shape: [2], datatype: "BYTES", data: ["odd", "even"] });
  const { inputs } = await (await app.request("/v2/models/lockstep")).json();
  assertEquals(inputs, [{ name: "text", datatype: "BYTES", shape: [-1] }]);
  const error = async (body: unknown) => (await (await infer(body)).json()).error;
  assertEquals(await error(tensor([7])), "text[0] is 7: expected a text");
  assertMatch(await error(tensor(["a"], { datatype: "INT64" })), /^text has the datatype "INT64": expected BYTES/);
  assertMatch(await error(tensor(["a"], { shape: [2] })), /^text has 1 elements: expected 2/);
  assertMatch(
    await error(tensor(["a"], { name: "words" })),
    /^inputs has the unknown name "words": expected text, or tokens/,
  );
  assertMatch(await error(tensor(["a", "b", "c", "d", "e"])), /^text has 5 sequences: expected 1 to 4/);
});

Deno.test("the inference protocol accepts texts of shape [n, 1], and refuses other shapes", async () => {
  const infer = async (shape: number[], data: unknown[]) => {
    const inputs = [{ name: "text", shape, datatype: "BYTES", data }];
    const body = await (await post("/v2/models/lockstep/infer", { inputs })).json();
    return body.error ?? body.outputs[0].data;
  };
  for (const data of [["please", "refund"], [["please"], ["refund"]]]) {
    for (const shape of [[2], [2, 1]]) assertEquals(await infer(shape, data), ["odd", "even"]);
  }
  assertEquals(await infer([1, 1], [["please"]]), ["odd"]);
  const wanted = "expected [sequences], or [sequences, 1]";
  assertEquals(await infer([1, 2], ["a", "b"]), `text has the shape [1,2]: ${wanted}`);
  assertEquals(await infer([2, 2], [["a", "b"], ["c", "d"]]), `text has the shape [2,2]: ${wanted}`);
  assertEquals(
    await infer([2, 1], [["a", "b"], []]),
    'text.data[0] is ["a","b"]: expected a list of 1, by its shape',
  );
  assertEquals(await infer([2, 1], [["a"], "b"]), 'text.data[1] is "b": expected a list of 1, by its shape');
  assertEquals(await infer([2, 1], ["a", ["b"]]), 'text[1] is ["b"]: expected a text');
  assertEquals(await infer([2, 1], [["a"], [["b"]]]), 'text[1] is ["b"]: expected a text');
  assertEquals(await infer([2, 1], [["a"]]), "text has 1 elements: expected 2, by its shape");
});

Deno.test("the inference protocol accepts named tokens, padded or not", async () => {
  const infer = (inputs: unknown[]) => post("/v2/models/lockstep/infer", { inputs });
  const tokens = { name: "tokens", shape: [2, 2], datatype: "BYTES", data: ["please", "crash", "refund", ""] };
  const lengths = { name: "lengths", shape: [2], datatype: "INT64", data: [2, 1] };
  for (const data of [tokens.data, [["please", "crash"], ["refund", ""]]]) {
    const { outputs } = await (await infer([{ ...tokens, data }, lengths])).json();
    assertEquals(outputs[0].data, ["odd", "even"]);
  }
  // Tokens are used unchanged: no tokenizer cuts them or folds their case.
  const { outputs } = await (await infer([{ ...tokens, shape: [1, 1], data: ["refund please"] }])).json();
  const unknown = await (await post("/predict", { tokens: ["refund please"] })).json();
  assertEquals([outputs[0].data, unknown.unknownShare], [[unknown.label], 1]);
  const error = async (inputs: unknown[]) => (await (await infer(inputs)).json()).error;
  assertMatch(
    await error([{ ...tokens, datatype: "INT64", data: [1, 2, 3, 4] }]),
    /^tokens has the datatype "INT64": expected BYTES, as this model's tokens have names/,
  );
  assertEquals(await error([{ ...tokens, data: ["a", "b", "c", 7] }]), "tokens holds 7: expected texts");
  assertEquals(
    await error([tokens, { ...tokens, name: "text" }]),
    'inputs has the unknown name "text": expected tokens, or lengths',
  );
  assertEquals(
    await error([tokens, { ...lengths, data: [2, 0] }]),
    "tokens[1] is []: expected a list of at least one token",
  );
});
