/** Tests of every transport. They run over the one in memory and over NATS. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MAX_OTHERS } from "../../lib/cluster/protocol/register.ts";
import { StoreLost, type Transport, Unreachable } from "../../lib/cluster/protocol/transport.ts";
import { PATIENCE_MS } from "../patience.ts";

export interface TransportHarness {
  /** Opens another connection to the same log. */
  connect(): Promise<Transport>;
  /** Waits for `done`, and advances a fake clock. */
  settle<Result>(done: Promise<Result>): Promise<Result>;
  /** Stops and starts the broker. */
  restart(keepStore: boolean): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** Reads the next `count` messages of `subject`. */
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
async function publishLater(transport: Transport, word: string, id: string): Promise<void> {
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
  ["publish() and read() keep the order of a subject, from any sequence on", async (harness) => {
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
  ["read() waits for later messages", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const later = take(b, "up", 1, 2);
    await harness.settle(a.publish("up", bytes("first"), { id: "1" }));
    await harness.settle(a.publish("up", bytes("second"), { id: "2" }));
    assertEquals(await harness.settle(later), ["first", "second"]);
    await Promise.all([a.close(), b.close()]);
  }],
  ["publish() accepts an id once", async (harness) => {
    const a = await harness.connect();
    const first = await harness.settle(a.publish("up", bytes("x"), { id: "same" }));
    assertEquals(await harness.settle(a.publish("up", bytes("y"), { id: "same" })), first);
    assertEquals(await harness.settle(take(a, "up", 1, 1)), ["x"]);
    assertEquals(await harness.settle(a.newest("up")), first);
    await a.close();
  }],
  ["publish() publishes nothing if `after` is not the newest message", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const first = await harness.settle(a.publish("down", bytes("x"), { id: "1", after: 0 }));
    assertEquals(await harness.settle(b.publish("down", bytes("y"), { id: "2", after: 0 })), undefined);
    const second = await harness.settle(b.publish("down", bytes("y"), { id: "2", after: first! }));
    assertEquals(await harness.settle(a.newest("down")), second);
    // A repetition after a lost answer: the id is checked before `after`.
    assertEquals(await harness.settle(b.publish("down", bytes("y"), { id: "2", after: first! })), second);
    await Promise.all([a.close(), b.close()]);
  }],
  ["write() is a compare-and-set, and all machines see registers", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const first = await harness.settle(a.write("lease", "a", "new"));
    assertEquals(await harness.settle(b.write("lease", "b", "new")), undefined);
    assertEquals(await harness.settle(b.write("lease", "b", first! + 7)), undefined);
    const second = await harness.settle(b.write("lease", "b", first!));
    const lease = { value: "b", revision: second! };
    assertEquals(await harness.settle(a.register("lease")), lease);
    assertEquals((await harness.settle(a.registers([]))).entries.get("lease"), lease);
    assertEquals(await harness.settle(a.register("member.missing")), undefined);
    await Promise.all([a.close(), b.close()]);
  }],
  ["registers() has those of machines that join at the same time", async (harness) => {
    const names = Array.from({ length: 8 }, (_, i) => `member.m${i}`);
    const all = await Promise.all(names.map(() => harness.connect()));
    await harness.settle(Promise.all(all.map((transport, i) => transport.write(names[i]!, "here", "new"))));
    for (const transport of all) {
      const { entries, left } = await harness.settle(transport.registers([]));
      assertEquals([[...entries.keys()].sort(), left], [names, 0]);
    }
    await Promise.all(all.map((transport) => transport.close()));
  }],
  ["registers() has the known ones, and hundreds of others in turn", async (harness) => {
    const [a, b] = [await harness.connect(), await harness.connect()];
    const others = Array.from({ length: 300 }, (_, i) => `member.s${i}`);
    const known = ["lease", "member.z", "member.missing"];
    for (const key of [...others, "lease", "member.z"]) await harness.settle(b.write(key, "here", "new"));
    const seen = new Set<string>();
    for (let look = 0; look <= 300 / MAX_OTHERS + 2; look++) {
      const { entries, left } = await harness.settle(a.registers(known));
      assert(entries.has("lease") && entries.has("member.z") && !entries.has("member.missing"));
      assert(entries.size <= MAX_OTHERS + 2, `${entries.size} were read`);
      assertEquals(left, 300 - MAX_OTHERS);
      for (const key of entries.keys()) seen.add(key);
    }
    assertEquals(seen.size, 302);
    await Promise.all([a.close(), b.close()]);
  }],
  ["trim() drops earlier messages", async (harness) => {
    const a = await harness.connect();
    await harness.settle(a.publish("up", bytes("old"), { id: "1" }));
    const second = await harness.settle(a.publish("up", bytes("new"), { id: "2" }));
    await harness.settle(a.trim(second!));
    assertEquals(await harness.settle(take(a, "up", 1, 1)), ["new"]);
    await a.close();
  }],
  ["read() continues after a restart of the broker", async (harness) => {
    const a = await harness.connect();
    await harness.settle(a.publish("up", bytes("before"), { id: "1" }));
    const both = take(a, "up", 1, 2);
    await harness.restart(true);
    await harness.settle(publishLater(a, "after", "2"));
    assertEquals(await harness.settle(both), ["before", "after"]);
    await a.close();
  }],
  [
    "read() throws StoreLost after the loss of the store, and works again",
    async (harness) => {
      const a = await harness.connect();
      await harness.settle(a.publish("up", bytes("before"), { id: "1" }));
      const begun = Promise.withResolvers<void>();
      const reading = take(a, "up", 1, 2, begun.resolve);
      reading.catch(() => {});
      await harness.settle(begun.promise);
      await harness.restart(false);
      await assertRejects(() => harness.settle(reading), StoreLost);
      await harness.settle(publishLater(a, "after", "1"));
      assertEquals(await harness.settle(take(a, "up", 1, 1)), ["after"]);
      await a.close();
    },
  ],
];
