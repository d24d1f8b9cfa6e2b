/** Whether this machine leads right now: the leader's part as something that begins and ends beside the member's. */
import type { Context } from "./context.ts";
import { Leader } from "./leader.ts";
import { Deposed, type Lease } from "./lease.ts";
import type { Member } from "./member.ts";
import { retry } from "../protocol/retry.ts";
import type { Roster } from "./roster.ts";
import { Unreachable } from "../protocol/transport.ts";

/** Renewals in the time of a lease. */
const RENEWALS = 5;
/** Leases that a machine rests at most between two terms of which nothing came. */
export const LONGEST_REST = 8;

export class Leading {
  readonly #context: Context;
  readonly #parts: { readonly member: Member; readonly roster: Roster; readonly lease: Lease };
  readonly #failed = Promise.withResolvers<never>();
  #current: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  /** Terms since the last one that committed a round. */
  #fruitless = 0;
  #restUntil = -Infinity;

  constructor(context: Context, parts: { member: Member; roster: Roster; lease: Lease }) {
    this.#context = context;
    this.#parts = parts;
    this.#failed.promise.catch(() => {}); // Whoever races it hears of it.
  }

  get isOn(): boolean {
    return this.#current !== undefined;
  }

  /**
   * Whether this machine leaves the lease to others for now: it lost it before a round was committed, which would happen
   * again. It rests twice as long after each such term.
   */
  get isResting(): boolean {
    return this.#context.clock.now() < this.#restUntil;
  }

  /** Rejects with what ended a leader that was not deposed. Never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Begins to lead in `term`. */
  start(term: number): void {
    this.#current = this.#lead(term).finally(() => this.#current = undefined);
  }

  /** Resolves when this machine does not lead any more. */
  async ended(): Promise<void> {
    await this.#current;
  }

  /** Resolves when no renewal of the lease is under way any more: the machine's signal has aborted. */
  async quiet(): Promise<void> {
    await this.#renewing;
  }

  async #lead(term: number): Promise<void> {
    const { signal, report, local } = this.#context;
    const { round } = local;
    const over = new AbortController();
    this.#renewing = this.#renew(AbortSignal.any([signal, over.signal]));
    try {
      await new Leader(this.#context, { ...this.#parts, term }).run();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Deposed)) return this.#failed.reject(error);
      report({ type: "incident", message: `Leads no more: ${error.message}` });
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

  /** Renews the lease by itself, so that it waits for nothing else that this machine asks of the broker. */
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

  #rest(wasFruitful: boolean): void {
    const { clock, leaseMs } = this.#context;
    this.#fruitless = wasFruitful ? 0 : this.#fruitless + 1;
    if (wasFruitful) return;
    const leases = Math.min(LONGEST_REST, 2 ** (this.#fruitless - 1));
    this.#restUntil = clock.now() + leases * leaseMs;
  }
}
