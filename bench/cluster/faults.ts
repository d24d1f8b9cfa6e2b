/**
 * Runs rounds of three machines over a real NATS server whose connections are cut, and which is killed, from time to time.
 * Each round depends on every earlier message, so a message that is lost or counted twice changes the digest:
 *
 *   deno run -A bench/cluster/faults.ts 1000
 */
import { faultyRounds } from "../../tests/cluster/nats/faults.ts";
import { NatsServer } from "../../tests/cluster/nats/nats_server.ts";

const rounds = Number(Deno.args[0] ?? 1000);
await using server = await NatsServer.start();
const startedAt = performance.now();
const { cuts, kills } = await faultyRounds(server, rounds);
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
// deno-lint-ignore no-console
console.log(
  `${rounds} rounds, ${cuts} connections cut, ${kills} restarts: the right digest on all machines, in ${seconds} s`,
);
