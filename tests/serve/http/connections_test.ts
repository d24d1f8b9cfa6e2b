/** Tests the limits of connections in number and in time. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:http2";
import { fileURLToPath } from "node:url";
import type { ConnectionLimits } from "../../../lib/serve/http/connections.ts";
import { HttpMetrics } from "../../../lib/serve/metrics.ts";
import { startServer } from "../../../lib/serve/http/server.ts";
import { decoded } from "../../text.ts";
import { fakeApp, fakePredictor } from "../fakes.ts";
import { soon, until } from "./reading.ts";

const encoder = new TextEncoder();
/** Limits longer than any test. */
const NEVER = 3_600_000;
const REQUEST = "GET /livez HTTP/1.1\r\nHost: localhost\r\n";

interface Served {
  readonly port: number;
  readonly metrics: HttpMetrics;
  /** Opens a connection and sends `text`. */
  open(text?: string): Promise<Deno.TcpConn>;
}

async function withServer(limits: Partial<ConnectionLimits>, body: (served: Served) => Promise<void>): Promise<void> {
  const metrics = new HttpMetrics();
  const hung = Promise.withResolvers<never>();
  hung.promise.catch(() => {});
  const predictor = fakePredictor({ model: () => hung.promise });
  const streams = new AbortController();
  const { app } = fakeApp({ metrics, services: { predictor }, shutdown: streams.signal });
  const closeStreams = () => streams.abort();
  const all = { most: 100, headMs: NEVER, idleMs: NEVER, bodyMs: NEVER, sendMs: NEVER, ...limits };
  const server = await startServer({ app, host: "127.0.0.1", port: 0, metrics, limits: all, closeStreams });
  const opened: Deno.TcpConn[] = [];
  const open = async (text = "") => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    opened.push(connection);
    if (text) await connection.write(encoder.encode(text));
    return connection;
  };
  try {
    await body({ port: server.port, metrics, open });
  } finally {
    for (const connection of opened) close(connection);
    hung.reject(new Error("the test is over"));
    await soon(server.shutdown(2000), "shutdown");
  }
  assertEquals(metrics.connections, 0);
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Its end has been read.
  }
}

/** Reads `connection` until the server closes it. */
async function rest(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  try {
    for (let count; (count = await soon(connection.read(buffer), "the end")) !== null;) {
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return text;
}

async function answer(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  const count = await soon(connection.read(buffer), "an answer");
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

Deno.test("startServer() closes connections that send no request, or half a head", () =>
  withServer({ headMs: 50 }, async ({ metrics, open }) => {
    const silent = [await open(), await open("GET /livez HT"), await open(REQUEST)];
    for (const connection of silent) assertEquals(await rest(connection), "");
    assertEquals(metrics.closed.get("idle"), 3);
  }));

Deno.test("startServer() closes a connection that was answered and sends no request", () =>
  withServer({ idleMs: 50 }, async ({ metrics, open }) => {
    const connection = await open(`${REQUEST}\r\n`);
    assertMatch(await rest(connection), /^HTTP\/1\.1 200 [^]*{"live":true}$/);
    assertEquals(metrics.closed.get("idle"), 1);
  }));

Deno.test("startServer() closes a connection with a stalled body, declared or chunked", () =>
  withServer({ bodyMs: 50 }, async ({ metrics, open }) => {
    const head = "POST /predict HTTP/1.1\r\nHost: localhost\r\n";
    const halves = [
      await open(`${head}Content-Length: 18\r\n\r\n{"tokens"`),
      await open(`${head}Transfer-Encoding: chunked\r\n\r\n3\r\n{"t`),
    ];
    for (const connection of halves) await rest(connection);
    assertEquals(metrics.closed.get("body"), 2);
  }));

Deno.test("startServer() closes a connection with a stalled body, also during other HTTP/2 requests", () =>
  withServer({ bodyMs: 300 }, async ({ port, metrics }) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    const closed = Promise.withResolvers<void>();
    session.on("close", closed.resolve);
    const slow = session.request({ ":method": "POST", ":path": "/predict", "content-type": "application/json" });
    slow.on("error", () => {});
    slow.write('{"tokens"');
    let answered = 0;
    const ask = () => {
      if (session.closed || session.destroyed) return;
      const request = session.request({ ":path": "/livez" });
      request.on("error", () => {});
      request.on("data", () => answered++);
      request.on("end", ask);
      request.end();
    };
    ask();
    await soon(closed.promise, "the connection's end");
    assertEquals(metrics.closed.get("body"), 1);
    assert(answered > 0);
    session.destroy();
  }));

Deno.test("startServer() limits the open HTTP/2 requests of a connection, and answers others", () =>
  withServer({ most: 4 }, async ({ port, metrics, open }) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    const ask = async (path: string) => {
      const stream = session.request({ ":path": path });
      stream.on("error", () => {});
      const status = Promise.withResolvers<unknown>();
      stream.on("response", (headers) => status.resolve(headers[":status"]));
      return { stream, status: await soon(status.promise, "an answer") };
    };
    const streams = [await ask("/events"), await ask("/events"), await ask("/events")];
    assertEquals(streams.map(({ status }) => status), [200, 200, 200]);
    for (let count = 0; count < 5; count++) {
      const { stream, status } = await ask("/events");
      assertEquals(status, 503);
      stream.close();
    }
    for (let count = 0; count < 3; count++) {
      const other = await open("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertMatch(await answer(other), /^HTTP\/1\.1 200 /);
    }
    assertEquals(metrics.streams, 6);
    session.destroy();
    await until(() => metrics.streams <= 3, "the end of its streams");
  }));

Deno.test("startServer() keeps busy connections without a time limit", () =>
  withServer({ idleMs: 20, bodyMs: 20 }, async ({ metrics, open }) => {
    // Its model hangs.
    const waits = await open("GET /model HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const streams = await open("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertMatch(await answer(streams), /^HTTP\/1\.1 200 /);
    for (let wave = 0; wave < 5; wave++) assertMatch(await rest(await open(`${REQUEST}\r\n`)), /{"live":true}$/);
    await until(() => metrics.connections === 2, "the end of the others");
    assertEquals(metrics.closed.get("idle"), 5);
    close(waits);
  }));

Deno.test("startServer() closes the connection that was idle longest to make room for a new one", () =>
  withServer({ most: 20 }, async ({ metrics, open }) => {
    const idle: Deno.TcpConn[] = [];
    for (let count = 0; count < 20; count++) idle.push(await open(`${REQUEST}\r\n`));
    for (const connection of idle) assertMatch(await answer(connection), /^HTTP\/1\.1 200 /);
    for (let count = 0; count < 10; count++) {
      assertMatch(await answer(await open(`${REQUEST}\r\n`)), /^HTTP\/1\.1 200 /);
    }
    for (const connection of idle.slice(0, 10)) assertEquals(await rest(connection), "");
    await idle[19]!.write(encoder.encode(`${REQUEST}\r\n`));
    assertMatch(await answer(idle[19]!), /^HTTP\/1\.1 200 /);
    assertEquals(metrics.closed.get("full"), 10);
  }));

Deno.test("startServer() refuses a connection if all others hold a stream", () =>
  withServer({ most: 5 }, async ({ metrics, open }) => {
    const streams = [];
    for (let count = 0; count < 5; count++) {
      const stream = await open("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertMatch(await answer(stream), /^HTTP\/1\.1 200 /);
      streams.push(stream);
    }
    assertEquals(await rest(await open(`${REQUEST}\r\n`)), "");
    assertEquals([metrics.connections, metrics.closed.get("full")], [5, 1]);
    close(streams[0]!);
    await until(() => metrics.connections <= 4, "the end of the connection");
    assertMatch(await answer(await open(`${REQUEST}\r\n`)), /^HTTP\/1\.1 200 /);
  }));

Deno.test({
  name: "startServer() outlives more connections than the process may have files, and leaves it some",
  ignore: Deno.build.os === "windows",
  async fn() {
    const script = fileURLToPath(new URL("few_files.ts", import.meta.url));
    const command = `ulimit -n 100; exec "$0" "$@"`;
    const args = ["-c", command, Deno.execPath(), "run", "-q", "-A", "--unstable-no-legacy-abort", script];
    const child = new Deno.Command("sh", { args, stdin: "piped", stdout: "piped" }).spawn();
    const lines: { port?: number; note?: string; failures?: number; connections?: number }[] = [];
    const port = Promise.withResolvers<number>();
    const read = (async () => {
      let text = "";
      for await (const part of decoded(child.stdout)) {
        text += part;
        const complete = text.split("\n");
        text = complete.pop()!;
        for (const line of complete) lines.push(JSON.parse(line));
        if (lines[0]?.port) port.resolve(lines[0].port);
      }
    })();
    const connect = async () => Deno.connect({ hostname: "127.0.0.1", port: await port.promise });
    const opened: Deno.TcpConn[] = [];
    await soon(port.promise, "the port");
    for (let count = 0; count < 300; count++) opened.push(await connect());
    // The server answers while all are open; a connection may lose its place to a newer one before its request.
    const ask = async () => {
      const asking = await connect();
      opened.push(asking);
      await asking.write(encoder.encode(`${REQUEST}Connection: close\r\n\r\n`)).catch(() => {});
      return /^HTTP\/1\.1 200 /.test(await rest(asking));
    };
    const answered = async () => {
      while (!(await ask()));
    };
    await soon(answered(), "an answer");
    for (const connection of opened) close(connection);
    await child.stdin.close();
    assertEquals((await soon(child.status, "the end")).code, 0);
    await read;
    const notes = lines.flatMap(({ note }) => note ?? []);
    assertMatch(notes[0] ?? "", /^Cannot accept more than \d+ connections: .*\(ulimit -n\)/);
    assertEquals(notes.length, 1);
    assert((lines.at(-1)?.failures ?? 0) > 0);
    assert(lines.at(-1)?.connections === 0);
  },
});
