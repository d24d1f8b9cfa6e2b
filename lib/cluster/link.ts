/**
 * A run's way to its other machines: the server, the checks before anything is trained, and this machine's part in the
 * protocol beside its coordinator. Loaded by those alone who give `--cluster`.
 */
import { randomInt } from "node:crypto";
import type { Config } from "../config/schema.ts";
import { errorMessage, TrainingError } from "../base/errors.ts";
import type { ClusterView, Incident } from "../base/events.ts";
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

/** Silence after which a machine counts as gone. */
const LEASE_MS = 3000;
/** Between two looks at the members, for the log. */
const TELL_MS = 2000;
/** How long the end of a machine's part may take when it leaves. */
const GRACE_MS = 5000;
/** And after the end, where it waits for the digests of the others, and may leave the whole state behind. */
const END_MS = 15_000;

export interface LinkOptions {
  readonly config: Config;
  readonly lockstep: LockstepConfig;
  readonly plan: Plan;
}

/** What a link needs of the process around it. */
export interface LinkProcess {
  /** Ends the wait for a server that cannot be reached: what it aborts with is thrown. */
  readonly signal: AbortSignal;
  /** A line for whoever started the process. */
  readonly say: (line: string) => void;
}

/**
 * Connects, and waits for a server that is down. Throws an InputError if the server cannot be used, if the run there is
 * another one, or if it is too large; a TrainingError if the server cannot be reached for too long.
 */
export async function openLink(options: LinkOptions, { signal, say }: LinkProcess): Promise<MachineLink> {
  const { cluster, clusterWait } = options.config;
  return await awaitServer(() => connectLink(options), {
    clock: wallClock,
    limitMs: clusterWait * 1000,
    signal,
    tell: (reason) => say(`Waiting for the NATS server at ${cluster}, up to ${clusterWait} s. ${reason}`),
  });
}

/** Milliseconds between two attempts to reach the server. */
const PAUSE_MS = 500;

export interface AwaitServerOptions {
  readonly clock: Clock;
  /** Limits the wait for a server that cannot be reached. */
  readonly limitMs: number;
  /** Ends the wait: its reason is thrown. */
  readonly signal: AbortSignal;
  /** Is called once, with the reason, when the wait begins. */
  readonly tell: (reason: string) => void;
}

/**
 * Repeats `open` while the server is down, as after a power cut, and resolves to its result. Throws a TrainingError when
 * `limitMs` are over, and every error of `open` but Unreachable at once.
 */
export async function awaitServer<Result>(
  open: () => Promise<Result>,
  { clock, limitMs, signal, tell }: AwaitServerOptions,
): Promise<Result> {
  const startedAt = clock.now();
  // An attempt may take seconds: a user who interrupts does not wait for its end.
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => {});
  signal.addEventListener("abort", () => left.reject(signal.reason), { once: true });
  return await repeat(clock, () => Promise.race([open(), left.promise]), (error, attempt) => {
    signal.throwIfAborted();
    if (!(error instanceof Unreachable)) throw error;
    const restMs = startedAt + limitMs - clock.now();
    if (restMs <= 0) {
      const within = limitMs === 0 ? "" : ` within ${limitMs / 1000} s`;
      throw new TrainingError(`${errorMessage(error)}${within}`, { cause: error });
    }
    if (attempt === 1) tell(errorMessage(error));
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

/** `m-kqzt`: four letters are enough for machines of one run to differ. */
function anyName(): string {
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
  #isNew = false;
  #toldAt = -Infinity;

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
      member: node === "" ? anyName() : node,
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
      report: (news) => {
        if (news.type === "incident") {
          const { type: _, ...incident } = news;
          this.#incidents.push(incident);
        }
        if (news.type === "members") this.#isNew = true;
      },
    });
    this.#ended = this.#machine.run(this.#stop.signal).then(() => local.leave()).catch((error: Error) => {
      this.#failure = error;
    });
  }

  news(): { incidents: readonly Incident[]; cluster: ClusterView | undefined } {
    if (this.#failure) throw new TrainingError(`Taking part failed: ${errorMessage(this.#failure)}`);
    const incidents = this.#incidents;
    this.#incidents = [];
    const now = wallClock.now();
    const isDue = this.#isNew || now - this.#toldAt >= TELL_MS;
    if (!isDue) return { incidents, cluster: undefined };
    this.#isNew = false;
    this.#toldAt = now;
    return { incidents, cluster: this.#machine?.view() };
  }

  tell(incident: string): void {
    this.#machine?.tell(incident);
  }

  leave(): void {
    this.#stop.abort();
  }

  async ended(): Promise<void> {
    const late = new AbortController();
    // A leader has something to say after the end; one that does not get through has had its chance.
    await Promise.race([this.#ended, wallClock.sleep(this.#stop.signal.aborted ? GRACE_MS : END_MS, late.signal)]);
    late.abort();
  }

  close(): void {
    this.#stop.abort();
    void this.#transport.close();
  }
}
