import { assertEquals } from "@std/assert";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { MemoryBroker, NO_FAULTS } from "./memory_transport.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import type { Transport } from "../../../lib/cluster/protocol/transport.ts";
import { train } from "../../lockstep/tiny.ts";
import { type Averaging, averagingContract } from "./averaging_contract.ts";
import { trainOnMachine } from "./machines.ts";
import { natsTest } from "../nats/nats_server.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";

keepThreads(3);

/** Averages over machines on transports of `connect`. */
function overMachines(connect: (name: string) => Promise<Transport>): Averaging {
  return async (recipe, places, data) => {
    const names = Array.from({ length: places }, (_, i) => `m${i}`);
    const machines = names.map(async (name) => {
      const transport = await connect(name);
      return await trainOnMachine({ recipe, data, name, nodes: places, transport });
    });
    // If one fails, the others end before the next test starts.
    await Promise.allSettled(machines);
    const results = await Promise.all(machines);
    // Each sequence was trained by one machine.
    const total = results.reduce(
      (sum, { rounds }) => Math.max(sum, rounds.reduce((all, { samples }) => all + samples, 0)),
      0,
    );
    assertEquals(results.reduce((sum, { sequences }) => sum + sequences, 0), total);
    return results;
  };
}

for (const [name, run] of averagingContract) {
  Deno.test(`shared memory: ${name}`, async () => {
    await run(async (recipe, workers, data) => [await train(recipe, workers, data ? { data } : {})]);
  });

  Deno.test(`machines in one process: ${name}`, async () => {
    const faults = { ...NO_FAULTS, duplicate: 0.1, corrupt: 0.02, delayMs: [0, 3] } as const;
    const broker = new MemoryBroker(wallClock, 5, faults);
    await run(overMachines((name) => Promise.resolve(broker.connect(name))));
  });

  natsTest(`machines on NATS: ${name}`, async (server) => {
    await run(overMachines(() => connectNats({ url: server.url, run: "tiny", credentials: "", tlsCa: "" })));
  });
}
