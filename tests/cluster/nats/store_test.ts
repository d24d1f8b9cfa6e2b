/** Another client deletes streams while machines use them, and machines create them again. */
import { assertEquals } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { retry } from "../../../lib/cluster/protocol/retry.ts";
import { Unreachable } from "../../../lib/cluster/protocol/transport.ts";
import { soon } from "../../serve/http/reading.ts";
import { natsTest } from "./nats_server.ts";

const RUNS = Array.from({ length: 12 }, (_, i) => `r${i}`);

natsTest("streams that are created right after their deletion keep their messages, 12 of 12", async (server) => {
  const connection = await connect({ servers: server.url });
  const { streams } = await jetstreamManager(connection);
  const { signal } = new AbortController();
  await Promise.all(RUNS.map(async (run) => {
    const transport = await connectNats({ url: server.url, run, credentials: "", tlsCa: "" });
    const publish = (id: string) => transport.publish("up", new Uint8Array(3000), { id });
    for (const id of ["1", "2", "3"]) await publish(id);
    // A machine that sends requests all the time notices it at once.
    const noticing = (async () => {
      for (;;) {
        try {
          await transport.newest("up");
          await transport.registers([]);
        } catch (error) {
          if (error instanceof Unreachable) return;
          throw error;
        }
      }
    })();
    await streams.delete(`lockstep-${run}`);
    await streams.delete(`KV_lockstep-${run}`);
    await soon(noticing, `${run}: an Unreachable store`);
    for (const id of ["4", "5", "6"]) await retry(wallClock, signal, () => publish(id));
    await retry(wallClock, signal, () => transport.write("lease", "", "new"));
    await transport.close();
  }));
  await connection.close();
  // After a restart, the server has lost the messages in removed files.
  await server.kill();
  await server.resume();
  const counts = await Promise.all(RUNS.map(async (run) => {
    const transport = await connectNats({ url: server.url, run, credentials: "", tlsCa: "" });
    const newest = await retry(wallClock, signal, () => transport.newest("up"));
    const registers = [...(await retry(wallClock, signal, () => transport.registers([]))).entries.keys()];
    await transport.close();
    return { run, newest, registers };
  }));
  assertEquals(counts, RUNS.map((run) => ({ run, newest: 3, registers: ["lease"] })));
});
