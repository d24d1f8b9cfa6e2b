/** A server is down when a machine starts. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { awaitServer, openLink } from "../../../lib/cluster/link.ts";
import { Unreachable } from "../../../lib/cluster/protocol/transport.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { InputError, TrainingError } from "../../../lib/base/errors.ts";
import { createPlan } from "../../../lib/lockstep/plan.ts";
import { tinyConfig } from "../../lockstep/tiny.ts";
import { FakeClock } from "../toy/fake_clock.ts";
import { natsTest } from "./nats_server.ts";
import { openProxy } from "./proxy.ts";

/** Awaits a server that answers from `upAt` on. Resolves to the result, its time, and the reported reasons. */
async function wait(upAt: number, limitMs: number, signal = new AbortController().signal, fail = () => {}) {
  const clock = new FakeClock();
  const reasons: string[] = [];
  const open = () => {
    fail();
    if (clock.now() >= upAt) return Promise.resolve("open");
    return Promise.reject(new Unreachable("Cannot reach it: refused"));
  };
  const waiting = awaitServer(open, { clock, limitMs, signal, onWait: (reason) => reasons.push(reason) });
  const result = await clock.run(waiting.catch((error: unknown) => error), Infinity);
  return { result, reasons, at: clock.now() };
}

Deno.test("awaitServer() reports once that it waits, and ends as soon as the server answers", async () => {
  assertEquals(await wait(0, 60_000), { result: "open", reasons: [], at: 0 });
  const { result, reasons, at } = await wait(20_100, 60_000);
  assertEquals([result, reasons], ["open", ["Cannot reach it: refused"]]);
  assert(at >= 20_100 && at < 21_000, `${at} ms`);
});

Deno.test("awaitServer() throws a TrainingError after its limit; a limit of 0 tries once", async () => {
  const { result, reasons, at } = await wait(Infinity, 60_000);
  assert(result instanceof TrainingError);
  assertEquals([result.message, reasons.length, at], ["Cannot reach it: refused within 60 s", 1, 60_000]);
  const once = await wait(Infinity, 0);
  assert(once.result instanceof TrainingError);
  assertEquals([once.reasons, once.at], [[], 0]);
});

Deno.test("awaitServer() throws other errors at once, and the reason of its signal", async () => {
  const wrong = new InputError([{ field: "cluster", message: "no JetStream" }]);
  const refused = await wait(Infinity, 60_000, undefined, () => {
    throw wrong;
  });
  assertEquals([refused.result, refused.reasons, refused.at], [wrong, [], 0]);
  const stop = new AbortController();
  let attempts = 0;
  const left = await wait(Infinity, 60_000, stop.signal, () => ++attempts === 3 && stop.abort(wrong));
  assertEquals([left.result, attempts], [wrong, 3]);
});

const LOCKSTEP = {
  training: tinyConfig({}),
  workers: 1,
  workerTimeoutMs: 20_000,
  maxRestarts: 0,
  chaos: {},
  spin: false,
};
const PARTS = { lockstep: LOCKSTEP, plan: createPlan(LOCKSTEP) };

natsTest("openLink() survives connections that are reset at any moment of a start", async (server) => {
  let cuts = 0;
  // From the first bytes of the server's greeting to the last answer to a machine.
  for (let bytes = 0; bytes < 12_000; bytes = bytes * 2 + 100) {
    const proxy = await openProxy(server.port, { cutAfter: [Math.round(bytes)] });
    const values = { cluster: proxy.url, name: `cut-${Math.round(bytes)}` };
    const config = resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
    const link = await openLink({ config, ...PARTS }, { signal: new AbortController().signal, say: () => {} });
    cuts += proxy.count() > 1 ? 1 : 0;
    await link.close();
    await proxy.close();
  }
  assert(cuts > 4, `${cuts} connections were cut`);
});

Deno.test("openLink() waits for a port without a server, and ends with its signal", async () => {
  const stop = new AbortController();
  const values = { cluster: "nats://127.0.0.1:1", name: "x" };
  const config = resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
  const said: string[] = [];
  const opening = openLink({ config, ...PARTS }, {
    signal: stop.signal,
    say: (line) => {
      said.push(line);
      stop.abort();
    },
  });
  const error = await assertRejects(() => opening);
  assert(error === stop.signal.reason);
  assertEquals(said.length, 1);
  const expected = "Waiting for the NATS server at nats://127.0.0.1:1, up to 60 s. Cannot reach the NATS server ";
  assert(said[0]!.startsWith(expected), said[0]);
});
