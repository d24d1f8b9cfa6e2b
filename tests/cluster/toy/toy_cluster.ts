/** Runs machines of toy shards on a broker in memory and a fake clock. */
import type { Incident } from "../../../lib/base/events.ts";
import type { ClusterOptions } from "../../../lib/cluster/roles/context.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { type Faults, MemoryBroker, NO_FAULTS } from "./memory_transport.ts";
import { FakeClock } from "./fake_clock.ts";
import { TOY_CLAIM, type ToyOptions, ToyShards } from "./toy_shards.ts";

export const LEASE_MS = 1000;

export interface ToyMachine {
  readonly name: string;
  readonly local: ToyShards;
  readonly machine: Machine;
  readonly incidents: Incident[];
  readonly ended: Promise<void>;
  /** Ends it in order: it tells the others that it leaves. */
  leave(): void;
}

export class ToyCluster {
  readonly clock = new FakeClock();
  readonly broker: MemoryBroker;
  readonly machines = new Map<string, ToyMachine>();
  readonly #toy: ToyOptions;
  readonly #options: Partial<ClusterOptions>;
  #lives = 0;

  constructor(toy: ToyOptions, options: Partial<ClusterOptions> & { seed?: number; faults?: Partial<Faults> } = {}) {
    const { seed, faults, ...rest } = options;
    this.#toy = toy;
    this.#options = rest;
    this.broker = new MemoryBroker(this.clock, seed, { ...NO_FAULTS, ...faults });
  }

  /** Starts a machine, with `local` of an earlier life if it has one. */
  start(name: string, local = new ToyShards(this.#toy, this.clock)): ToyMachine {
    const stop = new AbortController();
    const incidents: Incident[] = [];
    const machine = new Machine({
      run: "toy",
      claim: TOY_CLAIM,
      member: name,
      life: String(this.#lives++),
      workers: 1,
      minNodes: 1,
      leaseMs: LEASE_MS,
      roundMs: 5000,
      compareEvery: { rounds: 5 },
      ...this.#options,
      transport: this.broker.connect(name),
      local,
      clock: this.clock,
      report: (incident) => incidents.push(incident),
    });
    const started = { name, local, machine, incidents, ended: machine.run(stop.signal), leave: () => stop.abort() };
    started.ended.catch(() => {});
    this.machines.set(name, started);
    return started;
  }

  /** Cuts the machine off permanently, as a power failure does. */
  kill(name: string): void {
    this.#dead.push(name);
    this.broker.cut(...this.#dead);
    this.machines.get(name)!.leave();
    this.machines.delete(name);
  }

  /** Advances the clock until `condition` holds. */
  async until(condition: () => boolean, limitMs = 30_000): Promise<void> {
    const waiting = (async () => {
      while (!condition()) await this.clock.sleep(1);
    })();
    await this.clock.run(waiting, this.clock.now() + limitMs);
  }

  /** Advances the clock until all machines have finished, and resolves to their digests. */
  async finish(limitMs = 600_000): Promise<string[]> {
    const machines = [...this.machines.values()];
    await this.clock.run(Promise.all(machines.map(({ ended }) => ended)), this.clock.now() + limitMs);
    return machines.map(({ local }) => local.digest);
  }

  /** The incidents that all machines have reported, with those of others. */
  incidents(): string[] {
    return [...this.machines.values()].flatMap(({ incidents }) => incidents.map(({ message }) => message));
  }

  get leader(): string {
    return [...this.machines.values()][0]!.machine.view().leader;
  }

  readonly #dead: string[] = [];
}
