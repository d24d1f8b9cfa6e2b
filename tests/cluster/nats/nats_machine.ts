/** Starts machines of toy shards on a NATS server. */
import type { Incident } from "../../../lib/base/events.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import type { ClusterOptions } from "../../../lib/cluster/roles/context.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { TOY_CLAIM, type ToyOptions, ToyShards } from "../toy/toy_shards.ts";

const OPTIONS = { workers: 1, minNodes: 1, leaseMs: 1000, roundMs: 3000, compareEvery: { rounds: 10 } };

export interface NatsMachine {
  readonly local: ToyShards;
  readonly machine: Machine;
  readonly incidents: Incident[];
  readonly ended: Promise<void>;
  leave(): void;
}

/** Starts machine `member` of the run "toy" on the server at `url`. A shard takes `stepMs`. */
export async function startMachine(
  url: string,
  member: string,
  toy: ToyOptions,
  stepMs: number,
  options: Partial<ClusterOptions> = {},
): Promise<NatsMachine> {
  const transport = await connectNats({ url, run: "toy", credentials: "", tlsCa: "" });
  const local = new ToyShards(toy, wallClock, stepMs);
  const incidents: Incident[] = [];
  const machine = new Machine({
    ...OPTIONS,
    ...options,
    run: "toy",
    claim: TOY_CLAIM,
    member,
    life: "1",
    transport,
    local,
    report: (incident) => incidents.push(incident),
  });
  const stop = new AbortController();
  const ended = machine.run(stop.signal).finally(() => transport.close());
  return { local, machine, incidents, ended, leave: () => stop.abort() };
}
