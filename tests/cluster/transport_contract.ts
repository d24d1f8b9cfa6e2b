/** What every transport must do: the same tests run over the one in memory and over NATS. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MOST_OTHERS } from "../../lib/cluster/protocol/register.ts";
import { StoreLost, type Transport, Unreachable } from "../../lib/cluster/protocol/transport.ts";
import { PATIENCE_MS } from "../patience.ts";

export interface TransportHarness {
  /** Another way to the same log. */
  connect(): Promise<Transport>;
  /** Lets everything happen that `done` waits for. */
  settle<Result>(done: Promise<Result>): Promise<Result>;
  /** The broker goes and comes back. */
  restart(keepStore: boolean): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The next `count` messages of `subject`. */
async function take(
  transport: Transport,
  subject: string,
  from: number,
  count: number,
  took = () => {},
): Promise<string[]> {
  const stop = new AbortController();
  const taken: string[] = [];
  for await (const { data } of transport.read(subject, from, stop.signal)) {
    took();
    if (taken.push(text(data)) === count) break;
  }
  stop.abort();
  return taken;
}

/** Publishes as soon as the broker is back. */
async function publishAtLast(transport: Transport, word: string, id: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await transport.publish("up", bytes(word), { id });
      return;
    } catch (error) {
      if (!(error instanceof Unreachable) || performance.now() > deadline) throw error;
    }
  }
}

type Case = readonly [name: string, run: (harness: TransportHarness) => Promise<void>];

export const transportContract: readonly Case[] = [
  ["publish() and read() keep the order, by subject, from any place on", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const sequences: number[] = [];
    for (const word of ["one", "two", "three"]) {
      sequences.push((await harness.settle(a.publish("up", bytes(word), { id: word })))!);
      await harness.settle(b.publish("down", bytes(`not ${word}`), { id: `not ${word}` }));
    }
    assertEquals(await harness.settle(take(b, "up", 1, 3)), ["one", "two", "three"]);
    assertEquals(await harness.settle(take(b, "up", sequences[1]!, 2)), ["two", "three"]);
    assertEquals(await harness.settle(a.newest("up")), sequences[2]);
    assertEquals(await harness.settle(a.newest("nothing")), 0);
    await Promise.all([a.close(), b.close()]);
  }],
  ["read() waits for what comes later", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const later = take(b, "up", 1, 2);
    await harness.settle(a.publish("up", bytes("first"), { id: "1" }));
    await harness.settle(a.publish("up", bytes("second"), { id: "2" }));
    assertEquals(await harness.settle(later), ["first", "second"]);
    await Promise.all([a.close(), b.close()]);
  }],
  ["publish() takes an id once", async (harness) => {
    const a = await harness.connect();
    const first = await harness.settle(a.publish("up", bytes("x"), { id: "same" }));
    assertEquals(await harness.settle(a.publish("up", bytes("y"), { id: "same" })), first);
    assertEquals(await harness.settle(take(a, "up", 1, 1)), ["x"]);
    assertEquals(await harness.settle(a.newest("up")), first);
    await a.close();
  }],
  ["publish() after another than the newest message publishes nothing", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const first = await harness.settle(a.publish("down", bytes("x"), { id: "1", after: 0 }));
    assertEquals(await harness.settle(b.publish("down", bytes("y"), { id: "2", after: 0 })), undefined);
    const second = await harness.settle(b.publish("down", bytes("y"), { id: "2", after: first! }));
    assertEquals(await harness.settle(a.newest("down")), second);
    // Once more, as after a lost answer: it is known before it is compared.
    assertEquals(await harness.settle(b.publish("down", bytes("y"), { id: "2", after: first! })), second);
    await Promise.all([a.close(), b.close()]);
  }],
  ["write() is a compare-and-set, and everyone sees registers", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const first = await harness.settle(a.write("lease", "a", "new"));
    assertEquals(await harness.settle(b.write("lease", "b", "new")), undefined);
    assertEquals(await harness.settle(b.write("lease", "b", first! + 7)), undefined);
    const second = await harness.settle(b.write("lease", "b", first!));
    const lease = { value: "b", revision: second! };
    assertEquals(await harness.settle(a.register("lease")), lease);
    assertEquals((await harness.settle(a.registers([]))).entries.get("lease"), lease);
    assertEquals(await harness.settle(a.register("member.nobody")), undefined);
    await Promise.all([a.close(), b.close()]);
  }],
  ["registers() has those of all who come at once", async (harness) => {
    const names = Array.from({ length: 8 }, (_, i) => `member.m${i}`);
    const all = await Promise.all(names.map(() => harness.connect()));
    await harness.settle(Promise.all(all.map((transport, i) => transport.write(names[i]!, "here", "new"))));
    for (const transport of all) {
      const { entries, left } = await harness.settle(transport.registers([]));
      assertEquals([[...entries.keys()].sort(), left], [names, 0]);
    }
    await Promise.all(all.map((transport) => transport.close()));
  }],
  ["registers() has those that are known, and of hundreds of others each at some time", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const others = Array.from({ length: 300 }, (_, i) => `member.s${i}`);
    const known = ["lease", "member.z", "member.nobody"];
    for (const key of [...others, "lease", "member.z"]) await harness.settle(b.write(key, "here", "new"));
    const seen = new Set<string>();
    for (let look = 0; look <= 300 / MOST_OTHERS + 2; look++) {
      const { entries, left } = await harness.settle(a.registers(known));
      assert(entries.has("lease") && entries.has("member.z") && !entries.has("member.nobody"));
      assert(entries.size <= MOST_OTHERS + 2, `${entries.size} were read`);
      assertEquals(left, 300 - MOST_OTHERS);
      for (const key of entries.keys()) seen.add(key);
    }
    assertEquals(seen.size, 302);
    await Promise.all([a.close(), b.close()]);
  }],
  ["forget() drops what lies before", async (harness) => {
    const a = await harness.connect();
    await harness.settle(a.publish("up", bytes("old"), { id: "1" }));
    const second = await harness.settle(a.publish("up", bytes("new"), { id: "2" }));
    await harness.settle(a.forget(second!));
    assertEquals(await harness.settle(take(a, "up", 1, 1)), ["new"]);
    await a.close();
  }],
  ["read() goes on over a restart of the broker", async (harness) => {
    const a = await harness.connect();
    await harness.settle(a.publish("up", bytes("before"), { id: "1" }));
    const both = take(a, "up", 1, 2);
    await harness.restart(true);
    await harness.settle(publishAtLast(a, "after", "2"));
    assertEquals(await harness.settle(both), ["before", "after"]);
    await a.close();
  }],
  [
    "read() throws StoreLost when the broker comes back without its store, and the next begins anew",
    async (harness) => {
      const a = await harness.connect();
      await harness.settle(a.publish("up", bytes("before"), { id: "1" }));
      const begun = Promise.withResolvers<void>();
      const reading = take(a, "up", 1, 2, begun.resolve);
      reading.catch(() => {});
      await harness.settle(begun.promise);
      await harness.restart(false);
      await assertRejects(() => harness.settle(reading), StoreLost);
      await harness.settle(publishAtLast(a, "after", "1"));
      assertEquals(await harness.settle(take(a, "up", 1, 1)), ["after"]);
      await a.close();
    },
  ],
];
