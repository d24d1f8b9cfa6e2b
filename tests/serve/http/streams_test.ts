/** Opens many event streams at once, and clients that do not read, on sockets. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { createApp } from "../../../lib/serve/app.ts";
import { EventLog } from "../../../lib/run/log/event_log.ts";
import { HttpMetrics } from "../../../lib/serve/metrics.ts";
import { startServer } from "../../../lib/serve/http/server.ts";
import type { Services } from "../../../lib/serve/services.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { checkpoint, failed, FakeRun, fakeRuns, fakeServices } from "../fakes.ts";
import { soon } from "./reading.ts";

const CLIENTS = 1000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Served {
  readonly port: number;
  /** Reads a gauge or counter of /metrics. */
  figure(name: string): Promise<number>;
}

/** Runs a server during `body`, with the services of `run`, whose events `events` replaces. */
async function withServer(
  run: FakeRun,
  { stallMs = 60_000, events }: { stallMs?: number; events?: Services["runs"]["events"] },
  body: (served: Served) => Promise<void>,
): Promise<void> {
  const streams = new AbortController();
  const services = fakeServices(fakeRuns([run]));
  const runs = { ...services.runs, ...events && { events } };
  const metrics = new HttpMetrics();
  const app = createApp({ ...services, runs }, { shutdown: streams.signal, stallMs, metrics });
  const server = await startServer({ app, host: "127.0.0.1", port: 0, closeStreams: () => streams.abort(), metrics });
  const figure = async (name: string) => {
    const text = await (await app.request("/metrics")).text();
    return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  };
  try {
    await body({ port: server.port, figure });
  } finally {
    await soon(server.shutdown(5000), "shutdown");
  }
}

/** Makes a run with one event. */
function shortRun(): FakeRun {
  const run = new FakeRun("r1");
  run.append(checkpoint(1));
  return run;
}

async function reached(figure: () => Promise<number>, wanted: (value: number) => boolean): Promise<void> {
  while (!wanted(await figure())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function ask(port: number, lastEventId = 0): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nLast-Event-ID: ${lastEventId}\r\n\r\n`;
  await connection.write(encoder.encode(head));
  return connection;
}

/** Reads `connection` until `pattern` appears. */
async function until(connection: Deno.TcpConn, pattern: RegExp): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  while (!pattern.test(text)) {
    const length = await soon(connection.read(buffer), String(pattern));
    if (length === null) throw new Error(`The connection ended without ${pattern}: ${text.slice(0, 500)}`);
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return text;
}

const idsIn = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

Deno.test(`${CLIENTS} streams at once are each complete, and leave nothing behind`, () =>
  inTemporaryDirectory(async (directory) => {
    const log = await EventLog.create(join(directory, "events.jsonl"));
    const events: Services["runs"]["events"] = (_id, after, signal, whole) => log.batches(after, signal, whole);
    await withServer(shortRun(), { events }, async ({ port, figure }) => {
      const open = () => figure("lockstep_event_streams");
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => ask(port)));
      const streams = Promise.all(clients.map((client) => until(client, /event: failed[^]*\n\n/)));
      await soon(reached(open, (value) => value === CLIENTS), "all streams");
      for (let round = 1; round <= 50; round++) {
        log.append(checkpoint(round));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      log.append(failed);
      const expected = Array.from({ length: 51 }, (_, index) => index + 1);
      for (const text of await streams) assertEquals(idsIn(text), expected);
      await soon(reached(open, (value) => value === 0), "the streams' end");
      for (const client of clients) client.close();
    });
    await log.close();
  }));

Deno.test(`${CLIENTS} connections that are cut leave nothing behind`, () => {
  const run = shortRun();
  return withServer(run, {}, async ({ port, figure }) => {
    for (let wave = 0; wave < 4; wave++) {
      const clients = await Promise.all(Array.from({ length: CLIENTS / 4 }, () => ask(port)));
      // Cuts some before their answer, some in the middle, some when they have all events.
      await Promise.all(clients.map((client, index) => index % 3 && until(client, index % 3 > 1 ? /id: 1/ : /200/)));
      for (const client of clients) client.close();
    }
    await soon(reached(() => figure("lockstep_event_streams"), (value) => value === 0), "the streams' end");
    await soon(run.quiet(), "the readers' end");
    assertEquals(await figure("lockstep_event_streams_dropped_total"), 0);
  });
});

Deno.test("a client that reads nothing is dropped without delaying others, and notified later", () => {
  const run = shortRun();
  return withServer(run, { stallMs: 200 }, async ({ port, figure }) => {
    const file = "f".repeat(20_000);
    const large = { type: "checkpoint", round: 1, step: 1, digest: "d", file } as const;
    const stuck = await ask(port);
    run.append(...Array.from({ length: 2000 }, () => large));
    const drops = () => figure("lockstep_event_streams_dropped_total");
    await soon(reached(drops, (value) => value === 1), "the drop");
    assertEquals(await figure("lockstep_event_streams"), 0);
    // It still reads nothing, and yet its socket is closed.
    await soon(reached(() => figure("lockstep_http_connections"), (value) => value === 0), "the socket's end");
    await soon(run.quiet(), "the reader's end");
    const taken = run.pulled;
    assert(taken < 1000, `${taken} events of 20 kB were taken for it`);

    // When it reads at last, the bytes end where it was dropped.
    const received = idsIn(await soon(new Response(stuck.readable).text(), "the end"));
    assertEquals(received, Array.from({ length: received.length }, (_, index) => index + 1));
    assert(received.length > 0 && received.length <= taken);
    const last = received.at(-1)!;
    const again = await ask(port, last);
    const text = await until(again, /^id: \d+\n/m);
    assertMatch(text, new RegExp(`event: dropped\\ndata: {"type":"dropped","run":"r1","at":".*","sent":${taken},`));
    assertEquals(idsIn(text)[0], last + 1);
    again.close();
    // It is notified once, and other clients are not, unless the machine was so busy that they were dropped as well.
    const other = await ask(port, last);
    const isTold = (await until(other, /^id: \d+\n/m)).includes("event: dropped");
    if (await drops() === 1) assertEquals(isTold, false);
    other.close();
  });
});
