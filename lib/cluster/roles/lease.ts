/**
 * The lease names a run's leader. It is one register, written by compare-and-set. The holder renews it again and again. A
 * machine that sees it unchanged for the duration of a lease, by its own clock, may take it. The revision at which it was
 * taken is the leader's term, so later leaders have higher terms.
 */
import { z } from "zod";
import type { Clock } from "../protocol/clock.ts";
import { parseRegister } from "../protocol/register.ts";
import type { Entry, Transport } from "../protocol/transport.ts";

export const LEASE = "lease";

/** Another machine leads, or the lease has expired. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

/** `term`: the revision at which it was taken. The write that takes it, at beat 0, does not know its own revision yet. */
const leaseSchema = z.object({ holder: z.string().max(64), beat: z.int().nonnegative(), term: z.int().nonnegative() });

export class Lease {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #holder: string;
  readonly #leaseMs: number;
  #seen: { revision: number; at: number } | undefined;
  #held: { revision: number; until: number; beat: number; term: number } | undefined;

  constructor(options: { transport: Transport; clock: Clock; holder: string; leaseMs: number }) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#holder = options.holder;
    this.#leaseMs = options.leaseMs;
  }

  /** Tells whether this machine holds it, by its own clock. */
  get isHeld(): boolean {
    return this.#held !== undefined && this.#clock.now() < this.#held.until;
  }

  /** Tells whether `entry`, which was read now, may be taken: it has no holder, or was not renewed in time. */
  isFree(entry: Entry | undefined): boolean {
    if (!entry) return true;
    const { revision, value } = entry;
    if (this.#seen?.revision !== revision) this.#seen = { revision, at: this.#clock.now() };
    // This machine may hold it without knowing, if the answer to `take` was lost.
    if (["", this.#holder].includes(holderOf(value))) return true;
    return this.#clock.now() - this.#seen.at >= this.#leaseMs;
  }

  /** Takes it if `entry` is unchanged. Resolves to the term, or to undefined if another machine was faster. */
  async take(entry: Entry | undefined): Promise<number | undefined> {
    const before = this.#clock.now();
    const revision = await this.#write({ holder: this.#holder, beat: 0, term: 0 }, entry?.revision ?? "new");
    if (revision !== undefined) this.#held = { revision, until: before + this.#leaseMs, beat: 0, term: revision };
    return revision;
  }

  /** Extends it by the duration of a lease from now, unless another machine has it. */
  async renew(): Promise<void> {
    const held = this.#held;
    if (!held) return;
    const until = this.#clock.now() + this.#leaseMs;
    const { term } = held;
    const beat = held.beat + 1;
    let revision = await this.#write({ holder: this.#holder, beat, term }, held.revision);
    if (revision === undefined) {
      // The answer to a successful write may have been lost.
      const entry = await this.#transport.register(LEASE);
      if (entry && holderOf(entry.value) === this.#holder) revision = entry.revision;
    }
    this.#held = revision === undefined ? undefined : { revision, until, beat, term };
  }

  /** Gives it back, so that the others need not wait until it expires. */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held) await this.#write({ holder: "", beat: held.beat + 1, term: held.term }, held.revision);
  }

  #write(lease: z.infer<typeof leaseSchema>, revision: number | "new"): Promise<number | undefined> {
    return this.#transport.write(LEASE, JSON.stringify(lease), revision);
  }
}

/** Returns the holder of the lease, "" for none. */
export function holderOf(value: string): string {
  return parseRegister(leaseSchema, value)?.holder ?? "";
}

/** Returns the newest term and its holder, undefined if the register is invalid. */
export function leaseOf(entry: Entry | undefined): { term: number; holder: string } | undefined {
  const lease = entry && parseRegister(leaseSchema, entry.value);
  if (!lease || lease.term > entry.revision) return undefined;
  return { term: lease.beat === 0 ? entry.revision : lease.term, holder: lease.holder };
}
