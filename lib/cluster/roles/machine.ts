/** A machine of a run. If the broker loses its store, the machine starts a new session from its own state. */
import { TrainingError } from "../../base/errors.ts";
import { type ClusterView, machineSchema } from "../../base/events/cluster_view.ts";
import type { Incident } from "../../base/events.ts";
import { type Clock, wallClock } from "../protocol/clock.ts";
import { Dropped } from "../protocol/dropped.ts";
import { retry } from "../protocol/retry.ts";
import { Signer } from "../protocol/signer.ts";
import { StoreLost, type Transport } from "../protocol/transport.ts";
import type { LocalShards } from "../rounds/local_shards.ts";
import { Agreement } from "./agreement.ts";
import { type Claim, claimRun } from "./check_same_run.ts";
import type { ClusterOptions, Traffic } from "./context.ts";
import { Incidents } from "./incidents.ts";
import { Outage } from "./outage.ts";
import { Session } from "./session.ts";

interface MachineOptions extends ClusterOptions {
  readonly transport: Transport;
  readonly local: LocalShards;
  /** The run's name, and the claim for it. */
  readonly run: string;
  readonly claim: Claim;
  /** Distinguishes this process from earlier ones with its name. */
  readonly life: string;
  readonly clock?: Clock;
  readonly report?: (incident: Incident) => void;
  /** Called when the leader or the present members have changed. */
  readonly membersChanged?: () => void;
}

/** Fails after so many losses of the store without a round in between. */
const MAX_LOSSES = 20;

export class Machine {
  readonly #options: MachineOptions;
  /** Everything that the sessions of this process share. */
  readonly #shared;
  #session: Session | undefined;
  #sessions = 0;
  #messages = 0;

  constructor(options: MachineOptions) {
    const { member, life, local, leaseMs, clock = wallClock } = options;
    const incidents = new Incidents(local.round === 0);
    const report = (message: string, other?: string) => {
      if (other === undefined) incidents.add(message);
      options.report?.(other === undefined ? { message } : { message, member: other });
    };
    const traffic: Traffic = { bytesUp: 0, bytesDown: 0, computeMs: 0, startedAt: clock.now() };
    this.#options = options;
    this.#shared = {
      clock,
      report,
      incidents,
      traffic,
      dropped: new Dropped(report),
      outage: new Outage(leaseMs, report),
      agreement: new Agreement(member, leaseMs),
      signer: new Signer(member),
      newId: () => `${member}.${life}.${this.#messages++}`,
    };
  }

  get traffic(): Traffic {
    return this.#shared.traffic;
  }

  /** Takes part until training ends or `signal` aborts. Then it leaves, so that the others do not wait for it. */
  async run(signal: AbortSignal): Promise<void> {
    const { local } = this.#options;
    let losses = 0;
    for (let { round } = local; !local.finished && !signal.aborted; round = local.round) {
      try {
        await this.#runSession(signal);
      } catch (error) {
        if (!(error instanceof StoreLost)) {
          if (signal.aborted) return;
          throw error;
        }
        losses = local.round > round ? 0 : losses + 1;
        if (losses === MAX_LOSSES) {
          throw new TrainingError(`${error.message}, ${losses} times without a round in between`);
        }
        this.#shared.report(`${error.message}. Continuing from the state after round ${local.round}`);
      }
    }
  }

  /** Returns the members and the leader, as far as this machine knows them. */
  view(): ClusterView {
    const { run, member, local } = this.#options;
    const members = (this.#session?.present() ?? []).map((presence) => ({
      ...machineSchema.parse(presence),
      incident: presence.recent.at(-1) ?? "",
    }));
    const leader = this.#session?.leader ?? "";
    return { name: run, member, leader, round: local.round, members, dropped: this.#shared.dropped.counts };
  }

  /** Shares an incident of this machine outside the protocol with the others. */
  addIncident(message: string): void {
    this.#shared.incidents.add(message);
  }

  async #runSession(signal: AbortSignal): Promise<void> {
    const { transport, run: name, claim, life } = this.#options;
    const run = await retry(this.#shared.clock, signal, () => claimRun(transport, name, claim));
    const own = { run, signal, life: `${life}.${++this.#sessions}` };
    this.#session = new Session({ ...this.#options, ...this.#shared, ...own });
    await this.#session.run();
  }
}
