import { assert, assertEquals, assertLessOrEqual, assertMatch, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/base/errors.ts";
import { type RunningServer, startServer } from "../../../lib/serve/http/server.ts";
import type { AppOptions } from "../../../lib/serve/pipeline/shell.ts";
import { checkpoint, failed, fakeApp, fakePredictor, type FakeRun, type ServiceChanges } from "../fakes.ts";
import { allFrames, frames, ids, soon, take } from "./reading.ts";
import { join } from "node:path";
import { ROOT } from "../../cli/process.ts";
import { optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";

const encoder = new TextEncoder();

/** Starts a server over a run with one event. */
async function serve(
  options: AppOptions & { services?: ServiceChanges } = {},
): Promise<{ server: RunningServer; run: FakeRun }> {
  const streams = new AbortController();
  const { app, run } = fakeApp({ events: [checkpoint(1)], shutdown: streams.signal, ...options });
  const server = await startServer({ app, host: "127.0.0.1", port: 0, closeStreams: () => streams.abort() });
  return { server, run };
}

/** Opens a connection that requests the events and reads nothing of the answer. */
async function askForEvents(port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(encoder.encode("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  return connection;
}

Deno.test("startServer() lets a client that left continue after its last event", async () => {
  const { server, run } = await serve();
  const leaving = new AbortController();
  const first = await fetch(`${server.url}/events`, { signal: leaving.signal });
  const before = frames(first.body);
  assertEquals(ids(await take(before, 2)), [1]);
  leaving.abort();
  // Nothing is being sent and no heartbeat is near: only the broken connection can free the reader.
  await soon(run.quiet(), "the reader's end");
  await assertRejects(() => before.next());

  run.append(checkpoint(2), checkpoint(3));
  const second = await fetch(`${server.url}/events`, { headers: { "Last-Event-ID": "1" } });
  run.append(failed);
  assertEquals(ids(await allFrames(second)), [2, 3, 4]);
  const last = await fetch(`${server.url}/events`, { headers: { "Last-Event-ID": "4" } });
  assertEquals([last.status, await last.text()], [204, ""]);
  await soon(server.shutdown(5000), "shutdown");
});

Deno.test("startServer() lets a prediction know that its client has left", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const left = Promise.withResolvers<void>();
  const predictor = fakePredictor({
    async predict(_, { signal } = {}) {
      asked.resolve(signal!());
      await left.promise;
      throw new Error("a client that left gets no answer");
    },
  });
  const { server } = await serve({ services: { predictor } });
  const leaving = new AbortController();
  const body = '{"tokens":[1,2,3]}';
  const answer = fetch(`${server.url}/predict`, { method: "POST", body, signal: leaving.signal });
  const signal = await soon(asked.promise, "the question");
  signal.addEventListener("abort", () => left.resolve());
  assertEquals(signal.aborted, false);
  leaving.abort();
  await assertRejects(() => answer, DOMException);
  await soon(left.promise, "the news that the client left");
  await soon(server.shutdown(5000), "shutdown");
});

Deno.test("startServer() reads no more events than a socket buffers if the client never reads", async () => {
  const { server, run } = await serve();
  const bytes = 20_000;
  const event = {
    ...checkpoint(1),
    type: "checkpoint" as const,
    round: 1,
    step: 1,
    digest: "",
    file: "f".repeat(bytes),
  };
  run.append(...Array.from({ length: 10_000 }, () => event));
  const connection = await askForEvents(server.port);
  await soon(run.stalled(500), "a stall");
  assertLessOrEqual(run.pulled * bytes, 32e6);
  assert(run.pulled > 1);

  await soon(server.shutdown(200), "shutdown");
  await soon(run.quiet(), "the reader's end");
  connection.close();
});

Deno.test("shutdown() ends event streams at once", async () => {
  const { server, run } = await serve();
  const clients = await Promise.all([1, 2, 3].map(() => fetch(`${server.url}/events`)));
  const sources = clients.map(({ body }) => frames(body));
  for (const source of sources) await take(source, 2);
  await soon(server.shutdown(10 * PATIENCE_MS), "shutdown");
  for (const source of sources) assertEquals((await soon(source.next(), "the end")).done, true);
  await soon(run.quiet(), "the readers' end");
  await assertRejects(() => fetch(server.url));
});

Deno.test("shutdown() answers a request that is still arriving", async () => {
  const { server } = await serve();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const body = '{"tokens":[1,2,3]}';
  const head = `POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n` +
    "Expect: 100-continue\r\n\r\n";
  await connection.write(encoder.encode(head));
  // The server sends "continue" once the handler waits for the body.
  const buffer = new Uint8Array(100);
  const read = await soon(connection.read(buffer), "100 Continue");
  assertMatch(new TextDecoder().decode(buffer.subarray(0, read ?? 0)), /^HTTP\/1\.1 100/);
  const closed = server.shutdown(10 * PATIENCE_MS);
  await connection.write(encoder.encode(body));
  const answer = await soon(new Response(connection.readable).text(), "the answer");
  assertMatch(answer, /^HTTP\/1\.1 200 [^]*"label":"odd"/);
  await soon(closed, "shutdown");
});

Deno.test("shutdown() cuts connections that do not end in time", async () => {
  const asked = Promise.withResolvers<void>();
  const hung = Promise.withResolvers<never>();
  const model = () => {
    asked.resolve();
    return hung.promise;
  };
  const { server } = await serve({ services: { predictor: fakePredictor({ model }) } });
  const answer = fetch(`${server.url}/model`).then(() => "answered", () => "cut");
  await soon(asked.promise, "the request");
  const closed = server.shutdown(50);
  assertEquals(server.shutdown(10 * PATIENCE_MS), closed);
  await soon(closed, "shutdown");
  assertEquals(await soon(answer, "the cut"), "cut");
});

Deno.test("startServer() refuses a body over the limit on a socket for all headers", async () => {
  const { server } = await serve({ bodyLimitBytes: 1000 });
  const body = "x".repeat(100_000);
  const known = await soon(fetch(`${server.url}/predict`, { method: "POST", body }), "413");
  const streamed: RequestInit & { duplex: "half" } = {
    method: "POST",
    body: new Blob([body]).stream(),
    duplex: "half",
  };
  const chunked = await soon(fetch(`${server.url}/predict`, streamed), "413");
  assertEquals([known.status, chunked.status], [413, 413]);
  await Promise.all([known.text(), chunked.text()]);
  await soon(server.shutdown(5000), "shutdown");
});

Deno.test("startServer() explains a port that is taken", async () => {
  const { server } = await serve();
  const { app } = fakeApp();
  const error = await assertRejects(() => startServer({ app, host: "127.0.0.1", port: server.port }), InputError);
  assertEquals(error.problems, [{
    field: "port",
    message: `Cannot listen on 127.0.0.1:${server.port}: the port is taken. ` +
      "Set `port` to 0 to get a free one, or stop the process that has it",
  }]);
  await soon(server.shutdown(5000), "shutdown");
});

Deno.test("startServer() explains an address that this machine does not have", async () => {
  const { app } = fakeApp();
  // TEST-NET-1: an address that no machine has.
  const listen = () => startServer({ app, host: "192.0.2.1", port: 0 });
  await assertRejects(
    listen,
    InputError,
    "Cannot listen on 192.0.2.1:0: this machine has no such address. Set `host` to ",
  );
  await assertRejects(() => startServer({ app, host: "no.such.invalid", port: 0 }), InputError, "no.such.invalid:0: ");
});

Deno.test({
  name: "startServer() says which permission it lacks",
  permissions: { net: false },
  async fn() {
    const listen = () => startServer({ app: fakeApp().app, host: "::1", port: 8000 });
    await assertRejects(listen, InputError, 'this process may not listen on "[::1]"');
  },
});

// In a user namespace, since the user who runs the tests may have the privilege.
const unprivileged = ["--user", Deno.execPath()];
optionalTest(programAbsence("unshare", ["--user", "true"]), {
  name: "startServer() says of a privileged port what to do",
  async fn() {
    const args = [...unprivileged, "run", "-q", "-A", "--no-check", join(ROOT, "tests/serve/http/listen_on_80.ts")];
    const { stdout } = await new Deno.Command("unshare", { args }).output();
    assertMatch(new TextDecoder().decode(stdout), /Ports below 1024 are for privileged users: set `port` to 8000$/);
  },
});

Deno.test("startServer() returns an address that a browser accepts", async () => {
  for (
    const [host, url] of [["::1", "[::1]"], ["[::1]", "[::1]"], ["0.0.0.0", "127.0.0.1"], ["localhost", "localhost"]]
  ) {
    const { app } = fakeApp();
    const server = await startServer({ app, host: host ?? "", port: 0 });
    assertEquals(server.url, `http://${url}:${server.port}`);
    const response = await soon(fetch(`${server.url}/livez`), "an answer");
    assertEquals([response.status, await response.text()], [200, '{"live":true}']);
    await soon(server.shutdown(5000), "shutdown");
  }
});
