/** What no HTTP client would send: broken, slow, huge and half-closed requests, on a socket. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { startServer } from "../../lib/serve/server.ts";
import { fakeApp } from "./fakes.ts";
import { soon } from "./reading.ts";

const encoder = new TextEncoder();
const HEAD = "POST /predict HTTP/1.1\r\nHost: localhost\r\n";
const BODY = '{"tokens":[1,2,3]}';

/** A server for the length of `body`, which is seen to answer afterwards and to have met no error. */
async function withServer(body: (port: number) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  const { app } = fakeApp({ onError: (error) => errors.push(error) });
  const server = startServer({ app, host: "127.0.0.1", port: 0 });
  try {
    await body(server.port);
    const answer = await soon(fetch(`${server.url}/predict`, { method: "POST", body: BODY }), "an answer");
    assertEquals([answer.status, (await answer.json()).label], [200, "odd"]);
    assertEquals(errors, []);
  } finally {
    await soon(server.shutdown(1000), "shutdown");
  }
}

/** What the server says to `bytes`, all of it, if it ends the connection or after we end our side; "" if it is cut. */
async function exchange(port: number, bytes: Uint8Array): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await connection.write(bytes);
    await connection.closeWrite();
    return await soon(new Response(connection.readable).text(), "the end of the answer");
  } catch (error) {
    assert(!(error instanceof Error && /did not happen/.test(error.message)), String(error));
    return "";
  }
}

Deno.test("startServer() outlives any bytes, and says nothing of an inner failure", () =>
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

Deno.test("startServer() lets slow bodies take their time, holds nobody up for them, and forgets those that break off", () =>
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
