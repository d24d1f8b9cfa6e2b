/**
 * The lease that names a run's leader: one register, written by compare-and-set. The holder writes it again and again;
 * who sees it unchanged for the lease's time, by its own clock, may take it. The revision at which it was taken is the
 * leader's term, so a later leader always has a higher one.
 */
import { z } from "zod";
import type { Clock } from "../protocol/clock.ts";
import { parseRegister } from "../protocol/register.ts";
import type { Entry, Transport } from "../protocol/transport.ts";

export const LEASE = "lease";

/** Another leads, or the lease is over. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

/** `term`: the revision at which it was taken; the write that takes it, at beat 0, cannot know it, as it is its own. */
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

  /** Whether this machine holds it, by its own clock. */
  get isHeld(): boolean {
    return this.#held !== undefined && this.#clock.now() < this.#held.until;
  }

  /** Whether the register, as it is read now, may be taken: nobody has it, or its holder has not written for so long. */
  isFree(entry: Entry | undefined): boolean {
    if (!entry) return true;
    const { revision, value } = entry;
    if (this.#seen?.revision !== revision) this.#seen = { revision, at: this.#clock.now() };
    // Its own, where the answer to `take` was lost.
    if (["", this.#holder].includes(holderOf(value))) return true;
    return this.#clock.now() - this.#seen.at >= this.#leaseMs;
  }

  /** Takes it, where `entry` is what it was; resolves to the term, or to nothing if another was faster. */
  async take(entry: Entry | undefined): Promise<number | undefined> {
    const before = this.#clock.now();
    const revision = await this.#write({ holder: this.#holder, beat: 0, term: 0 }, entry?.revision ?? "new");
    if (revision !== undefined) this.#held = { revision, until: before + this.#leaseMs, beat: 0, term: revision };
    return revision;
  }

  /** Makes it last for another lease from now. Resolves to false if another has it. */
  async renew(): Promise<boolean> {
    if (!this.#held) return false;
    const before = this.#clock.now();
    const { revision, beat, term } = this.#held;
    const written = await this.#write({ holder: this.#holder, beat: beat + 1, term }, revision);
    if (written === undefined) {
      // A write whose answer was lost: it is this one's all the same.
      const entry = await this.#transport.register(LEASE);
      const mine = entry && holderOf(entry.value) === this.#holder;
      this.#held = mine ? { revision: entry.revision, until: before + this.#leaseMs, beat: beat + 1, term } : undefined;
      return mine ?? false;
    }
    this.#held = { revision: written, until: before + this.#leaseMs, beat: beat + 1, term };
    return true;
  }

  /** Gives it back, so that nobody has to wait for its end. */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held) await this.#write({ holder: "", beat: held.beat + 1, term: held.term }, held.revision);
  }

  #write(lease: z.infer<typeof leaseSchema>, revision: number | "new"): Promise<number | undefined> {
    return this.#transport.write(LEASE, JSON.stringify(lease), revision);
  }
}

/** Who holds the lease, "" for nobody. */
export function holderOf(value: string): string {
  return parseRegister(leaseSchema, value)?.holder ?? "";
}

/** The newest term that there was, as far as the register says, and who has it. */
export function leaseOf(entry: Entry | undefined): { term: number; holder: string } | undefined {
  const lease = entry && parseRegister(leaseSchema, entry.value);
  if (!lease || lease.term > entry.revision) return undefined;
  return { term: lease.beat === 0 ? entry.revision : lease.term, holder: lease.holder };
}
