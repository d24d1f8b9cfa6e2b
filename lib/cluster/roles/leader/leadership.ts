/** Takes the lease when this machine should lead, runs the leader, and renews the lease. */
import type { Context } from "../context.ts";
import { Leader } from "./leader.ts";
import { Deposed, holderOf, type Lease } from "../lease.ts";
import type { Member } from "../member.ts";
import { LinkedAbort } from "../../protocol/clock.ts";
import { retry } from "../../protocol/retry.ts";
import type { Roster } from "../roster.ts";
import { type Entry, Unreachable } from "../../protocol/transport.ts";

/** Renewals per lease. */
const RENEWALS = 5;
/** Limits the pause of a machine after terms without a round, in leases. */
const MAX_REST = 8;
/** After so many leases without any member in step, another member may lead. */
const OUT_OF_STEP_LEASES = 3;
/** After so many leases in which the lease was free, this machine ignores registers that show newer states. */
const TRUSTED_LEASES = MAX_REST + 2;

export class Leadership {
  readonly #context: Context;
  readonly #parts: { readonly member: Member; readonly roster: Roster; readonly lease: Lease };
  readonly #failed = Promise.withResolvers<never>();
  #current: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  /** Number of terms since the last one that committed a round. */
  #failedTerms = 0;
  /** This machine leaves the lease to others until then, as it lost the lease before it committed a round. */
  #restUntil = -Infinity;
  /** The last time that the lease was not free. */
  #freeSince: number;
  /** The last time that a member was in step. */
  #inStepAt: number;
  readonly #candidateFrom: number;

  constructor(context: Context, parts: { member: Member; roster: Roster; lease: Lease }) {
    this.#context = context;
    this.#parts = parts;
    const now = context.clock.now();
    this.#freeSince = now;
    this.#inStepAt = now;
    // A machine that joins with a state waits for the registers of members that may be ahead.
    this.#candidateFrom = context.local.round > 0 ? now + context.leaseMs : 0;
    this.#failed.promise.catch(() => {}); // The callers of `failed` handle it.
  }

  get isActive(): boolean {
    return this.#current !== undefined;
  }

  /** Rejects if the leader fails, but not if it is deposed. Never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Takes the lease and starts the leader if the lease is free and this machine is fit to lead. `entry` is the lease now. */
  async consider(entry: Entry | undefined): Promise<void> {
    const { clock, signal, local, member: own, leaseMs } = this.#context;
    const { member, roster, lease } = this.#parts;
    const now = clock.now();
    const others = roster.present().filter((presence) => presence.member !== own);
    const isFree = !this.isActive && lease.isFree(entry);
    if (!isFree) this.#freeSince = now;
    // A member that really has the newest state takes a free lease in time. If none does, their registers are wrong.
    const areTrusted = now - this.#freeSince < TRUSTED_LEASES * leaseMs;
    if (member.inStep || areTrusted && others.some(({ inStep }) => inStep)) this.#inStepAt = now;
    if (!isFree || local.finished) return;
    const isReady = member.inStep || now - this.#inStepAt > OUT_OF_STEP_LEASES * leaseMs;
    const isNewest = !areTrusted || others.every(({ round }) => round <= local.round);
    if (!isReady || !isNewest || now < this.#candidateFrom || now < this.#restUntil) return;
    const term = await retry(clock, signal, () => lease.take(entry));
    if (term === undefined) return;
    // The previous holder gets no shards before it writes its register again.
    const before = entry ? holderOf(entry.value) : "";
    if (before !== own) roster.markGone(before);
    this.#current = this.#lead(term).finally(() => this.#current = undefined);
  }

  /** Resolves when this machine does not lead. */
  async ended(): Promise<void> {
    await this.#current;
  }

  /** Resolves when the renewal of the lease has ended. Call it after the abort of the machine's signal. */
  async renewalEnded(): Promise<void> {
    await this.#renewing;
  }

  async #lead(term: number): Promise<void> {
    const { signal, report, local } = this.#context;
    const { round } = local;
    using over = new LinkedAbort(signal);
    this.#renewing = this.#renew(over.signal);
    try {
      await new Leader(this.#context, { ...this.#parts, term }).run();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Deposed)) return this.#failed.reject(error);
      report(`Does not lead any more: ${error.message}`);
      this.#rest(local.round > round);
      over.abort();
      await this.#renewing;
      await this.#parts.lease.release().catch((problem) => {
        if (!(problem instanceof Unreachable)) throw problem;
      });
    } finally {
      over.abort();
    }
  }

  /** Renews the lease independently, so that it never waits for other requests to the broker. */
  async #renew(over: AbortSignal): Promise<void> {
    const { clock, leaseMs } = this.#context;
    try {
      while (!over.aborted) {
        await retry(clock, over, () => this.#parts.lease.renew());
        await clock.sleep(leaseMs / RENEWALS, over);
      }
    } catch (error) {
      if (error !== over.reason) this.#failed.reject(error);
    }
  }

  #rest(hasCommitted: boolean): void {
    const { clock, leaseMs } = this.#context;
    this.#failedTerms = hasCommitted ? 0 : this.#failedTerms + 1;
    if (hasCommitted) return;
    const leases = Math.min(MAX_REST, 2 ** (this.#failedTerms - 1));
    this.#restUntil = clock.now() + leases * leaseMs;
  }
}
