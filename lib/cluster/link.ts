/**
 * Links a run to its other machines: connects to the server, checks the run before training, and takes part in the
 * protocol beside the coordinator. Only runs with `cluster` load it.
 */
import { randomInt } from "node:crypto";
import { unlessAborted, within } from "../base/waiting.ts";
import type { Config } from "../config/schema.ts";
import { errorMessage, TrainingError } from "../base/errors.ts";
import type { ClusterView } from "../base/events/cluster_view.ts";
import type { Incident } from "../base/events.ts";
import type { Coordinator, MachineLink } from "../lockstep/coordinator.ts";
import { groupsOf } from "../lockstep/round_schedule.ts";
import type { LockstepConfig, Plan } from "../lockstep/plan.ts";
import { type Claim, claimRun, createClaim } from "./roles/check_same_run.ts";
import { type Clock, wallClock } from "./protocol/clock.ts";
import { repeat } from "./protocol/retry.ts";
import { LockstepShards, shapeOf } from "./rounds/lockstep_shards.ts";
import { Machine } from "./roles/machine.ts";
import { connectNats } from "./nats/connection.ts";
import { checkSizes } from "./rounds/sizes.ts";
import { MEMBER, type Transport, Unreachable } from "./protocol/transport.ts";

/** A machine counts as gone after so long without a sign. */
const LEASE_MS = 3000;
/** The interval of views of the members in the log. */
const VIEW_MS = 2000;
/** Limits the time that a machine takes to leave. */
const GRACE_MS = 5000;
/** Limits the time after training, in which it waits for the digests of the others and may publish the whole state. */
const END_MS = 15_000;

interface LinkOptions {
  readonly config: Config;
  readonly lockstep: LockstepConfig;
  readonly plan: Plan;
}

/** The process around a link. */
interface LinkProcess {
  /** Ends the wait for the server: `openLink` throws its reason. */
  readonly signal: AbortSignal;
  /** Prints a line for the user. */
  readonly say: (line: string) => void;
}

/**
 * Connects, and waits for a server that is down. Throws an InputError if the server cannot be used, if another run has
 * the name, or if the run is too large; a TrainingError if the server cannot be reached for too long.
 */
export async function openLink(options: LinkOptions, { signal, say }: LinkProcess): Promise<MachineLink> {
  const { cluster, clusterWait } = options.config;
  return await awaitServer(() => connectLink(options), {
    clock: wallClock,
    limitMs: clusterWait * 1000,
    signal,
    onWait: (reason) => say(`Waiting for the NATS server at ${cluster}, up to ${clusterWait} s. ${reason}`),
  });
}

/** Milliseconds between two attempts to reach the server. */
const PAUSE_MS = 500;

interface AwaitServerOptions {
  readonly clock: Clock;
  /** Limits the wait for a server that cannot be reached. */
  readonly limitMs: number;
  /** Ends the wait: `awaitServer` throws its reason. */
  readonly signal: AbortSignal;
  /** Called once, with the reason, when the wait begins. */
  readonly onWait: (reason: string) => void;
}

/**
 * Repeats `open` while the server is down, as after a power cut, and resolves to its result. Throws a TrainingError after
 * `limitMs`, and every other error than Unreachable at once.
 */
export async function awaitServer<Result>(
  open: () => Promise<Result>,
  { clock, limitMs, signal, onWait }: AwaitServerOptions,
): Promise<Result> {
  const startedAt = clock.now();
  // An attempt may take seconds: an interruption does not wait for its end.
  return await repeat(clock, () => unlessAborted(signal, open()), (error, attempt) => {
    signal.throwIfAborted();
    if (!(error instanceof Unreachable)) throw error;
    const restMs = startedAt + limitMs - clock.now();
    if (restMs <= 0) {
      const within = limitMs === 0 ? "" : ` within ${limitMs / 1000} s`;
      throw new TrainingError(`${errorMessage(error)}${within}`, { cause: error });
    }
    if (attempt === 1) onWait(errorMessage(error));
    return Math.min(PAUSE_MS, restMs);
  }, signal);
}

async function connectLink({ config, lockstep, plan }: LinkOptions): Promise<MachineLink> {
  const { cluster: url, name: run, clusterCredentials: credentials, clusterCa: tlsCa, minNodes } = config;
  const transport = await connectNats({ url, run, credentials, tlsCa });
  let claim: Claim;
  try {
    claim = await createClaim(lockstep);
    await claimRun(transport, run, claim);
    const { entries } = await transport.registers([]);
    const members = [...entries.keys()].filter((key) => key.startsWith(MEMBER)).length + 1;
    const groups = groupsOf(lockstep.training);
    const most = Math.min(groups.length, Math.max(minNodes, members));
    checkSizes(shapeOf(plan, lockstep), lockstep.training.shards, most, await transport.limits(), groups);
  } catch (error) {
    await transport.close();
    throw error;
  }
  return new ClusterLink(config, lockstep, claim, transport);
}

/** Returns a name such as `m-kqzt`: four letters suffice to distinguish the machines of a run. */
function randomName(): string {
  return `m-${Array.from({ length: 4 }, () => String.fromCharCode(97 + randomInt(26))).join("")}`;
}

class ClusterLink implements MachineLink {
  readonly #config: Config;
  readonly #lockstep: LockstepConfig;
  readonly #claim: Claim;
  readonly #transport: Transport;
  readonly #stop = new AbortController();
  #machine: Machine | undefined;
  #ended: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #incidents: Incident[] = [];
  #hasNewMembers = false;
  #viewedAt = -Infinity;

  constructor(config: Config, lockstep: LockstepConfig, claim: Claim, transport: Transport) {
    this.#config = config;
    this.#lockstep = lockstep;
    this.#claim = claim;
    this.#transport = transport;
  }

  start(coordinator: Coordinator): void {
    const { name: run, node, minNodes, workerTimeout, checkpointEvery } = this.#config;
    const local = new LockstepShards(coordinator, this.#lockstep);
    this.#machine = new Machine({
      run,
      member: node === "" ? randomName() : node,
      life: String(randomInt(2 ** 47)),
      workers: this.#lockstep.workers,
      minNodes,
      leaseMs: LEASE_MS,
      roundMs: workerTimeout * 1000,
      compareEvery: typeof checkpointEvery === "number"
        ? { rounds: checkpointEvery }
        : { ms: 1000 * parseFloat(checkpointEvery) },
      transport: this.#transport,
      claim: this.#claim,
      local,
      report: (incident) => this.#incidents.push(incident),
      membersChanged: () => this.#hasNewMembers = true,
    });
    this.#ended = this.#machine.run(this.#stop.signal).then(() => local.leave()).catch((error: Error) => {
      this.#failure = error;
    });
  }

  news(): { incidents: readonly Incident[]; cluster: ClusterView | undefined } {
    if (this.#failure) throw new TrainingError(`The link to the other machines failed: ${errorMessage(this.#failure)}`);
    const incidents = this.#incidents;
    this.#incidents = [];
    const now = wallClock.now();
    const isDue = this.#hasNewMembers || now - this.#viewedAt >= VIEW_MS;
    if (!isDue) return { incidents, cluster: undefined };
    this.#hasNewMembers = false;
    this.#viewedAt = now;
    return { incidents, cluster: this.#machine?.view() };
  }

  tell(incident: string): void {
    this.#machine?.addIncident(incident);
  }

  leave(): void {
    this.#stop.abort();
  }

  async ended(): Promise<void> {
    // A leader publishes the final state. If it cannot reach the server in time, it gives up.
    await within(this.#stop.signal.aborted ? GRACE_MS : END_MS, this.#ended, undefined);
  }

  close(): void {
    this.#stop.abort();
    void this.#transport.close();
  }
}
