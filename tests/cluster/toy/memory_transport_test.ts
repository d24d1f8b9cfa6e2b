import { assert, assertEquals } from "@std/assert";
import { MemoryBroker, NO_FAULTS } from "./memory_transport.ts";
import { Unreachable } from "../../../lib/cluster/protocol/transport.ts";
import { FakeClock } from "./fake_clock.ts";
import { transportContract } from "../transport_contract.ts";

for (const [name, run] of transportContract) {
  Deno.test(`MemoryBroker: ${name}`, async () => {
    const clock = new FakeClock();
    const broker = new MemoryBroker(clock);
    await run({
      connect: () => Promise.resolve(broker.connect("someone")),
      settle: (done) => clock.run(done, Infinity),
      restart: (keepStore) => Promise.resolve(broker.restart(keepStore)),
    });
  });
}

Deno.test("MemoryBroker has the requested faults, the same ones for a seed", async () => {
  const outcomes = async (seed: number) => {
    const clock = new FakeClock();
    const broker = new MemoryBroker(clock, seed, { ...NO_FAULTS, loss: 0.2, duplicate: 0.3, delayMs: [1, 5] });
    const transport = broker.connect("a");
    const failed: number[] = [];
    for (let i = 0; i < 100; i++) {
      await clock.run(transport.publish("up", new Uint8Array([i]), { id: `${i}` }), Infinity).catch((error) => {
        assert(error instanceof Unreachable);
        failed.push(i);
      });
    }
    return { failed, stored: broker.log.map(({ data }) => data[0]), at: clock.now() };
  };
  const once = await outcomes(3);
  assertEquals(await outcomes(3), once);
  assert(once.failed.length > 10 && once.failed.length < 60, `${once.failed.length} calls of 100 failed`);
  // Some failed calls had succeeded, and only their answer was lost. Some messages are stored twice.
  assert(once.failed.some((i) => once.stored.includes(i)) && once.failed.some((i) => !once.stored.includes(i)));
  assert(once.stored.length > new Set(once.stored).size);
});
