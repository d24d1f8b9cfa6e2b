import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { createGzip, gzipSync } from "node:zlib";
import { fakeApp } from "../fakes.ts";
import type { ProblemBody } from "../http/reading.ts";
import { anyCharacter } from "../../data/any_character.ts";

const { app } = fakeApp({ bodyLimitBytes: 200_000, maxInstances: 4 });

function post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return Promise.resolve(app.request("/predict", { method: "POST", body, headers }));
}

/** Returns the only problem with `body`, as `field: message`. */
async function complaint(body: BodyInit, status = 400): Promise<string> {
  const response = await post(body);
  const problem: ProblemBody = await response.json();
  assertEquals([response.status, problem.status, problem.errors.length], [status, status, 1], JSON.stringify(problem));
  assertEquals(problem.detail, problem.errors[0]?.message);
  return `${problem.errors[0]?.field}: ${problem.errors[0]?.message}`;
}

Deno.test("POST /predict answers one sequence with the weights that answered", async () => {
  const response = await post('{"tokens":[1,2,3]}', { "Content-Type": "application/json; charset=utf-8" });
  assertEquals([response.status, response.headers.get("Content-Type")], [200, "application/json"]);
  assertEquals(await response.json(), {
    run: "r1",
    round: 7,
    digest: "d7",
    class: 0,
    label: "odd",
    probabilities: [0.75, 0.25],
  });
});

Deno.test("POST /predict answers many sequences in their order", async () => {
  const response = await post('{"instances":[[1,2,3],{"tokens":[0,0,49]},[5,0,0]]}');
  const odd = { class: 0, label: "odd", probabilities: [0.75, 0.25] };
  const even = { class: 1, label: "even", probabilities: [0.25, 0.75] };
  assertEquals(await response.json(), { run: "r1", round: 7, digest: "d7", predictions: [odd, even, odd] });
});

Deno.test("POST /predict reads JSON under the default types of clients", async () => {
  const body = new TextEncoder().encode('{"tokens":[1,2,3]}');
  assertEquals((await post(body)).status, 200);
  for (const type of ["application/json", "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"]) {
    assertEquals((await post(body, { "Content-Type": type })).status, 200, type);
  }
  for (const type of ["multipart/form-data; boundary=x", "image/png", "application/jsonp", "text/html"]) {
    const response = await post(body, { "Content-Type": type });
    assertEquals(response.status, 415, type);
    const { errors }: ProblemBody = await response.json();
    assertEquals(errors, [{
      field: "Content-Type",
      message: `Content-Type is ${JSON.stringify(type)}: expected application/json`,
    }]);
  }
});

Deno.test("POST /predict names field, value and expectation of each error", async () => {
  const either = 'expected {"tokens": [...]} or {"instances": [...]}';
  assertEquals(await complaint(""), "body: the body is empty: expected JSON");
  assertMatch(await complaint("{"), /^body: the body is not JSON: /);
  assertEquals(await complaint(new Uint8Array([0xff])), "body: the body is not UTF-8: expected JSON in UTF-8");
  assertEquals(await complaint("[1]"), `body: the body is [1]: ${either}`);
  assertEquals(await complaint("null"), `body: the body is null: ${either}`);
  assertEquals(await complaint("{}"), `body: the body has no tokens: ${either}`);
  assertEquals(
    await complaint('{"tokens":[1,2,3],"instances":[]}'),
    `body: the body has both tokens and instances: ${either}`,
  );
  assertEquals(await complaint('{"tokens":[1,2,3],"token":1}'), `token: token is not known: ${either}`);
  assertEquals(await complaint('{"tokens":[1,2,3],"__proto__":1}'), `__proto__: __proto__ is not known: ${either}`);
  assertEquals(await complaint('{"tokens":"abc"}'), 'tokens: tokens is "abc": expected a list of 3 tokens');
  assertEquals(await complaint('{"tokens":[1,2]}'), "tokens: tokens has 2 tokens: expected a list of 3 tokens");
  for (const token of ["50", "-1", "1.5", '"1"', "null"]) {
    assertEquals(
      await complaint(`{"tokens":[1,${token},3]}`),
      `tokens[1]: tokens[1] is ${token}: expected a whole number from 0 to 49`,
    );
  }
  assertEquals(await complaint('{"instances":4}'), "instances: instances is 4: expected a list of sequences");
  assertEquals(await complaint('{"instances":[]}'), "instances: instances has 0 sequences: expected 1 to 4");
  assertEquals(
    await complaint('{"instances":[[],[],[],[],[]]}'),
    "instances: instances has 5 sequences: expected 1 to 4",
  );
  assertEquals(
    await complaint('{"instances":[[1,2,3],7]}'),
    'instances[1]: instances[1] is 7: expected a list of tokens or {"tokens": [...]}',
  );
  assertEquals(
    await complaint('{"instances":[{"tokens":[1,2,99]}]}'),
    "instances[0].tokens[2]: instances[0].tokens[2] is 99: expected a whole number from 0 to 49",
  );
  assertEquals(
    await complaint('{"instances":[{}]}'),
    "instances[0].tokens: instances[0].tokens is missing: expected a list of 3 tokens",
  );
});

Deno.test("POST /predict names all that is wrong, within reason", async () => {
  const response = await post('{"instances":[[1],[1,2,3],{"tokns":[]},[1,2,"3"]]}');
  const { detail, errors }: ProblemBody = await response.json();
  assertEquals(errors.map(({ field }) => field), ["instances[0]", "instances[2].tokns", "instances[3][2]"]);
  assertEquals(detail, "instances[0] has 1 token: expected a list of 3 tokens (and 2 more)");
  const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, key) => [`${"k".repeat(100)}${key}`, 0]));
  assertLessOrEqual((await (await post(JSON.stringify(keys))).text()).length, 10_000);
});

Deno.test("answers list at most twenty problems, and shorten long values", async () => {
  const { app } = fakeApp();
  const long = "k".repeat(300_000);
  const many = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`k${index}`, 1]));
  const bodies: unknown[] = [
    many,
    { [long]: 1 },
    { instances: [many, { [long]: 1 }, long] },
    { tokens: long },
    { tokens: [1, 2, { a: many }] },
    { inputs: new Array(9000).fill(null), outputs: [{ name: long }] },
    { inputs: [{ name: "tokens", shape: new Array(9000).fill(null), datatype: long, data: [] }] },
    { inputs: [{ name: long, shape: [1, 3], datatype: "INT64", data: [1, 2, 3] }] },
  ];
  for (const path of ["/predict", "/v2/models/lockstep/infer", `/v2/models/${long.slice(0, 5000)}/infer`]) {
    for (const body of bodies) {
      const response = await app.request(path, { method: "POST", body: JSON.stringify(body) });
      const text = await response.text();
      assert(response.status >= 400 && response.status < 500, text.slice(0, 200));
      assert(text.length < 8000, `${path}: ${text.length} characters`);
    }
  }
  // The keys of a long body are counted before it is parsed.
  const long9000 = `${JSON.stringify(many).slice(0, -1)}, "x" : "${long}"}`;
  const counted = await app.request("/predict", { method: "POST", body: long9000 });
  assertMatch((await counted.json()).detail, /^the body has too many keys: expected at most 4096/);
  for (const list of [{ inputs: [{ shape: new Array(9000).fill(null) }] }, { outputs: new Array(9000).fill(null) }]) {
    const response = await app.request("/v2/models/lockstep/infer", { method: "POST", body: JSON.stringify(list) });
    assertMatch((await response.json()).error, /^(shape|outputs) has 9000 elements: expected at most /);
  }
  const few = Object.fromEntries(Object.entries(many).slice(0, 4000));
  const response = await app.request("/predict", { method: "POST", body: JSON.stringify(few) });
  const { detail, errors }: ProblemBody = await response.json();
  assertEquals([errors.length, detail.slice(-17)], [20, " (and 3,999 more)"]);
});

Deno.test("POST /predict refuses a body over the limit, declared or not", async () => {
  const message = "body: the body is too large: expected at most 200,000 bytes";
  assertEquals(await complaint(" ".repeat(200_001), 413), message);
  const chunk = new Uint8Array(50_000);
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => {
      sent++;
      controller.enqueue(chunk);
    },
    cancel: () => {
      cancelled = true;
    },
  });
  assertEquals(await complaint(endless, 413), message);
  assertLessOrEqual(sent, 6);
  assert(cancelled);
  const declared = await post("{}", { "Content-Length": "200001" });
  assertEquals(declared.status, 413);
  assertEquals((await post('{"tokens":[1,2,3]}'.padEnd(200_000))).status, 200);
});

Deno.test("POST /predict unpacks gzip within the limits of a body, and refuses other encodings", async () => {
  const zip = (text: string | Uint8Array) => new Uint8Array(gzipSync(text));
  const packed = (body: BodyInit, encoding = "gzip") => post(body, { "Content-Encoding": encoding });
  const body = '{"tokens":[1,2,3]}';
  for (const encoding of ["gzip", "x-gzip", "GZIP "]) assertEquals((await packed(zip(body), encoding)).status, 200);
  assertEquals((await packed(body, "identity")).status, 200);
  // All members, like gzip -dc.
  assertEquals((await packed(Buffer.concat([zip(body.slice(0, 5)), zip(body.slice(5))]))).status, 200);
  assertEquals((await packed(zip(body.padEnd(200_000)))).status, 200);
  assertEquals((await packed(zip(body.padEnd(200_001)))).status, 413);
  for (const encoding of ["br", "deflate", "gzip, gzip", "aws-chunked"]) {
    const refused = await packed(body, encoding);
    assertEquals([refused.status, refused.headers.get("Accept-Encoding")], [415, "gzip"]);
  }
  for (const broken of [body, "", zip(body).subarray(0, 20), zip(body).with(15, 0)]) {
    const { detail }: ProblemBody = await (await packed(broken)).json();
    assertMatch(detail, /^the body (is not gzip, which its Content-Encoding declares: |is empty)/);
  }
});

Deno.test("POST /predict refuses a packed body as soon as its unpacked bytes exceed the limit", async () => {
  let sent = 0;
  const cancelled = Promise.withResolvers<void>();
  const gzip = createGzip();
  const zeros = new Uint8Array(1 << 20);
  const endless = new ReadableStream({
    async pull(controller) {
      gzip.write(zeros);
      await new Promise((resolve) => gzip.flush(() => resolve(undefined)));
      for (let chunk = gzip.read(); chunk; chunk = gzip.read()) controller.enqueue(new Uint8Array(chunk));
      sent++;
    },
    cancel: () => {
      gzip.destroy();
      cancelled.resolve();
    },
  });
  const response = await post(endless, { "Content-Encoding": "gzip" });
  assertEquals(response.status, 413);
  assertLessOrEqual(sent, 20);
  await cancelled.promise;
});

Deno.test("POST /predict copies the bytes of a body, and retains no buffers of small chunks", async () => {
  const text = new TextEncoder().encode('{"tokens":[1,2,3]}'.padEnd(100_000));
  for (const headers of [{}, { "Content-Length": String(text.length) }]) {
    let at = 0;
    // The same buffer for every chunk: retained views of it would all have the last one's bytes.
    const buffer = new Uint8Array(65_536);
    const pieces = new ReadableStream({
      pull(controller) {
        if (at === text.length) return controller.close();
        const piece = text.subarray(at, at + 1000);
        buffer.set(piece);
        at += piece.length;
        controller.enqueue(buffer.subarray(0, piece.length));
      },
    }, { highWaterMark: 0 });
    assertEquals((await post(pieces, headers)).status, 200, JSON.stringify(headers));
  }
});

Deno.test("POST /predict reports an incomplete body", async () => {
  const broken = new ReadableStream({
    pull: (controller) => controller.error(new Error("connection reset")),
  });
  assertEquals(await complaint(broken), "body: the body is incomplete: connection reset");
});

Deno.test("POST /predict answers 400 to any depth of nesting", async () => {
  const deep = "[".repeat(90_000) + "]".repeat(90_000);
  for (const body of [deep, `{"tokens":${deep}}`, `{"tokens":[1,2,${deep}]}`, `{"instances":${deep}}`]) {
    assertEquals((await post(body)).status, 400);
  }
  assertEquals((await post("[".repeat(200_000))).status, 400);
  // Brackets within strings are not nesting.
  const text = JSON.stringify(`${"[{".repeat(50_000)}\\"${"[".repeat(100)}`);
  for (const [value, said] of [[text, "a list of 3 tokens"], [`[${deep}]`, "nested too deeply"]] as const) {
    const response = await post(`{"tokens":${value}}`);
    const { detail }: ProblemBody = await response.json();
    assertEquals([response.status, detail.includes(said)], [400, true], detail.slice(0, 200));
  }
});

Deno.test("POST /predict refuses what is slow to parse", async () => {
  const many = [
    `{"instances":[${'{"a":[]},'.repeat(12_000)}0]}`,
    JSON.stringify({ instances: Array.from({ length: 20_100 }, (_, index) => index.toString(36)) }),
    JSON.stringify(Object.fromEntries(Array.from({ length: 20_100 }, (_, index) => [`k${index.toString(36)}`, 0]))),
  ];
  for (const body of many) {
    const response = await post(body);
    const { detail }: ProblemBody = await response.json();
    assertEquals([response.status, /too many (parts|keys)/.test(detail)], [400, true], detail.slice(0, 200));
  }
});

const token = fc.oneof(fc.nat(49), fc.integer(), fc.double(), fc.jsonValue());
const sequence = fc.oneof(fc.array(fc.nat(49), { minLength: 3, maxLength: 3 }), fc.array(token, { maxLength: 4 }));
const instance = fc.oneof(sequence, fc.record({ tokens: sequence }), fc.jsonValue());
const nearly = fc.record(
  { tokens: sequence, instances: fc.array(instance, { maxLength: 5 }), extra: fc.jsonValue() },
  { requiredKeys: [] },
);

/** Decides whether a body is valid, independently of the code. */
function valid(body: unknown): boolean {
  const ok = (tokens: unknown) =>
    Array.isArray(tokens) && tokens.length === 3 &&
    tokens.every((token) => Number.isInteger(token) && 0 <= token && token < 50);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  const [entry, ...more] = Object.entries(body);
  if (!entry || more.length > 0) return false;
  const [key, value] = entry;
  if (key === "tokens") return ok(value);
  if (key !== "instances" || !Array.isArray(value) || value.length < 1 || value.length > 4) return false;
  return value.every((item) => ok(item) || (ok(item?.tokens) && Object.keys(item).length === 1));
}

Deno.test("POST /predict accepts exactly the valid bodies, and fails on none", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearly, nearly, fc.jsonValue()), async (value) => {
      const text = JSON.stringify(value);
      const response = await post(text);
      await response.body?.cancel();
      assertEquals(response.status, valid(JSON.parse(text)) ? 200 : 400, text);
    }),
    { numRuns: 1000, seed: 1 },
  );
});

Deno.test("POST /predict answers any bytes with 200 or a problem", async () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.string({ unit: anyCharacter }).map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (body) => {
      const response = await post(new Uint8Array(body));
      assertEquals([response.status, response.headers.get("Content-Type")], [400, "application/problem+json"]);
      await response.body?.cancel();
    }),
    { numRuns: 300, seed: 1 },
  );
});
