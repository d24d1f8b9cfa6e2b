/** Tests the memory limit of the bodies of all requests together. */
import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { fakeApp, fakePredictor } from "../fakes.ts";
import { type ProblemBody, soon } from "../http/reading.ts";

const gzip = (text: string) => new Uint8Array(gzipSync(text));
const encoder = new TextEncoder();
const WHOLE = '{"tokens":[1,2,3]}';
const limits = { bodyLimitBytes: 200_000, bodyMemoryBytes: 250_000 };

/** Makes a body of which `text` has arrived; the rest, white space, arrives with `end`. */
function half(text: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  return { readable, sent: writer.write(encoder.encode(text)), end: () => writer.close() };
}

Deno.test("incomplete bodies fill the memory limit, and other requests are asked to retry", async () => {
  const { app } = fakeApp(limits);
  const post = (body: BodyInit, headers = {}) => app.request("/predict", { method: "POST", body, headers });
  const long = WHOLE.padEnd(150_000);
  const first = half(long);
  const waiting = post(first.readable);
  await first.sent;
  const others: [string | Uint8Array<ArrayBuffer>, Record<string, string>][] = [
    [long, {}],
    [long, { "Content-Length": String(long.length) }],
    [WHOLE.padEnd(60_000), { "Content-Length": "60000" }],
    [gzip(long), { "Content-Encoding": "gzip" }],
  ];
  for (const [body, headers] of others) {
    const response = await post(body, headers);
    const { errors }: ProblemBody = await response.json();
    assertEquals([response.status, response.headers.get("Retry-After"), errors[0]?.field], [503, "1", "body"]);
  }
  // A short body has room.
  const short = await post(WHOLE, { "Content-Length": String(WHOLE.length) });
  assertEquals(short.status, 200);
  await first.end();
  assertEquals((await waiting).status, 200);
  for (const [body, headers] of others) assertEquals((await post(body, headers)).status, 200);
});

Deno.test("a body holds memory until its request is answered, with success or not", async () => {
  const hung = Promise.withResolvers<never>();
  const predict = fakePredictor().predict;
  const atModel = Promise.withResolvers<void>();
  let hangs = true;
  const predictor = fakePredictor({
    predict: (...asked) => {
      atModel.resolve();
      return hangs ? hung.promise : predict(...asked);
    },
  });
  const { app } = fakeApp({ ...limits, services: { predictor } });
  const post = (body: BodyInit, headers = {}) => app.request("/predict", { method: "POST", body, headers });
  const long = WHOLE.padEnd(190_000);
  const asked = post(long);
  await soon(atModel.promise, "the question to the model");
  assertEquals((await post("x".repeat(60_000), { "Content-Length": "60000" })).status, 503);
  hangs = false;
  hung.reject(new Error("the test continues"));
  assertEquals((await asked).status, 500);
  const broken = () => new ReadableStream({ pull: (controller) => controller.error(new Error("connection reset")) });
  for (let round = 0; round < 10; round++) {
    const statuses = [
      (await post("x".repeat(60_000), { "Content-Length": "60000" })).status,
      (await post(`${long}${long}`)).status,
      (await post(broken(), { "Content-Length": "60000" })).status,
      (await post(gzip(`${long}${long}`), { "Content-Encoding": "gzip" })).status,
      (await post(long, { "Content-Encoding": "gzip" })).status,
      (await post(long)).status,
    ];
    assertEquals(statuses, [400, 413, 400, 413, 400, 200]);
  }
});
