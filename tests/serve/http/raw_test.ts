/** Sends broken, slow, huge and half-closed requests over a socket. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { startServer } from "../../../lib/serve/http/server.ts";
import { fakeApp, fakePredictor, textPredictor } from "../fakes.ts";
import { soon } from "./reading.ts";

const encoder = new TextEncoder();
const HEAD = "POST /predict HTTP/1.1\r\nHost: localhost\r\n";
const BODY = '{"tokens":[1,2,3]}';

/** Runs a server during `body`, then checks that it still answers and had no error. */
async function withServer(body: (port: number) => Promise<void>, predictor = fakePredictor()): Promise<void> {
  const errors: unknown[] = [];
  const { app } = fakeApp({ services: { predictor }, onError: (error) => errors.push(error) });
  const server = await startServer({ app, host: "127.0.0.1", port: 0 });
  try {
    await body(server.port);
    const answer = await soon(fetch(`${server.url}/predict`, { method: "POST", body: BODY }), "an answer");
    assertEquals([answer.status, (await answer.json()).label], [200, "odd"]);
    assertEquals(errors, []);
  } finally {
    await soon(server.shutdown(1000), "shutdown");
  }
}

/**
 * Sends `bytes`, closes our side unless `stays`, and returns the whole answer; "" if the server cuts the connection.
 */
async function exchange(port: number, bytes: Uint8Array, stays = false): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    if (!stays) await connection.closeWrite();
    return await soon(new Response(connection.readable).text(), "the end of the answer");
  } catch (error) {
    assert(!(error instanceof Error && /did not happen/.test(error.message)), String(error));
    try {
      connection.close();
    } catch {
      // Closed already, if it was cut while it was being read.
    }
    return "";
  }
}

Deno.test("startServer() survives any bytes, and hides internal failures", () =>
  withServer(async (port) => {
    const line = fc.constantFrom(
      "GET / HTTP/1.1\r\n",
      HEAD,
      "GET /model HTTP/9.9\r\n",
      "\r\n",
      "Host: a\r\nHost: b\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "Content-Length: 18\r\n\r\n",
      BODY,
      "Connection: close\r\n",
      "GET /" + "a".repeat(5000) + " HTTP/1.1\r\n",
      "X: \0\r\n",
      "Expect: 100-continue\r\n",
    );
    const text = fc.array(line, { maxLength: 8 }).map((lines) => encoder.encode(lines.join("")));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, fc.uint8Array({ maxLength: 300 })), async (bytes) => {
        const answer = await exchange(port, new Uint8Array(bytes));
        if (answer !== "") assertMatch(answer, /^HTTP\/1\.[01] [1234]/);
      }),
      { numRuns: 150, seed: 1 },
    );
  }));

Deno.test("startServer() refuses headers without end, and answers others meanwhile", () =>
  withServer(async (port) => {
    const huge = `GET /model HTTP/1.1\r\nHost: localhost\r\nX-Huge: ${"x".repeat(4 << 20)}\r\n\r\n`;
    const many = `GET /model HTTP/1.1\r\nHost: localhost\r\n${"X-Many: 1\r\n".repeat(20_000)}\r\n`;
    for (const request of [huge, many]) assertMatch(await exchange(port, encoder.encode(request)), /^(HTTP\/1\.1 4|$)/);
  }));

Deno.test("startServer() answers a request with an unknown Expect as others", () =>
  withServer(async (port) => {
    const lines = "GET /model HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n";
    assertMatch(await exchange(port, encoder.encode(lines), true), /^HTTP\/1\.1 200 [^]*nosniff/);
  }));

Deno.test("startServer() answers the requests of a connection one after another", async () => {
  const [started, first] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let begun = 0;
  const app = {
    async fetch() {
      const number = ++begun;
      started.resolve();
      if (number === 1) await first.promise;
      return new Response(`answer ${number}\n`);
    },
  };
  const server = await startServer({ app, host: "127.0.0.1", port: 0 });
  try {
    const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    const answers = exchange(server.port, encoder.encode(request.repeat(49) + last), true);
    await soon(started.promise, "the first request");
    const other = await soon(fetch(server.url), "an answer on another connection");
    assertEquals([await other.text(), begun], ["answer 2\n", 2]);
    first.resolve();
    const found = (await answers).matchAll(/answer \d+$/gm).map(String).toArray();
    assertEquals(found, ["answer 1", ...Array.from({ length: 49 }, (_, at) => `answer ${at + 3}`)]);
  } finally {
    await soon(server.shutdown(1000), "shutdown");
  }
});

Deno.test("startServer() accepts slow bodies without delaying others, and forgets broken ones", () =>
  withServer(async (port) => {
    const head = encoder.encode(`${HEAD}Connection: close\r\nContent-Length: ${BODY.length}\r\n\r\n`);
    const slow = await Promise.all(
      Array.from({ length: 30 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
    );
    for (const connection of slow) await connection.write(head);
    const meanwhile = await soon(fetch(`http://127.0.0.1:${port}/model`), "an answer meanwhile");
    assertEquals((await meanwhile.json()).round, 7);
    const [last, ...others] = slow;
    for (const connection of others) connection.close();
    for (const letter of BODY) await last!.write(encoder.encode(letter));
    const answer = await soon(new Response(last!.readable).text(), "the slow one's answer");
    assertMatch(answer, /^HTTP\/1\.1 200 [^]*"label":"odd"/);
  }));

Deno.test("startServer() reports a body shorter or longer than its declared length", async () => {
  const bytes = (...parts: (string | number)[]) =>
    Uint8Array.from(parts.flatMap((part) => typeof part === "number" ? [part] : [...encoder.encode(part)]));
  const answer = async (port: number, body: Uint8Array) => {
    const head = encoder.encode(`${HEAD}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    const said = await exchange(port, new Uint8Array([...head, ...body]), true);
    return said.slice(said.indexOf("\r\n\r\n") + 4);
  };
  const complaint = async (port: number, body: Uint8Array) => JSON.parse(await answer(port, body)).errors[0].message;
  const long = " ".repeat(100_000);
  const broken = bytes('{"tokens":["', 0xff, '"]}');

  await withServer(async (port) => {
    assertEquals(await complaint(port, bytes()), "the body is empty: expected JSON");
    assertMatch(await complaint(port, bytes('{"tokens":[1,2')), /^the body is not JSON: /);
    assertMatch(await complaint(port, bytes(0xff)), /^the body is not JSON: /);
    assertMatch(await complaint(port, broken), /^tokens has 1 token:/);
    assertMatch(await complaint(port, bytes("[".repeat(32_768), "]".repeat(32_768))), /^the body is \[\[\[/);
    assertMatch(await complaint(port, bytes(long, '{"tokens":[1,2')), /^the body is not JSON: /);
  });

  await withServer(async (port) => {
    for (const space of ["", long]) {
      const notUtf8 = "the body is not UTF-8: expected JSON in UTF-8";
      assertEquals(await complaint(port, bytes(space, ...broken)), notUtf8);
      assertEquals(await complaint(port, bytes(space, '{"text":"', 0xe2, 0x82, '"}')), notUtf8);
      assertMatch(await complaint(port, bytes(space, '{"text":"')), /^the body is not JSON: /);
      // A text may contain the replacement character.
      for (const text of ["\\ufffd", "\ufffd", "ü"]) {
        assertMatch(await answer(port, bytes(space, `{"text":"${text}"}`)), /"label":/);
      }
    }
  }, textPredictor());
});
