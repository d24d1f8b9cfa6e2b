/** Who is there: each member writes a register of its own again and again, and is gone when it stays the same. */
import type { Clock } from "./clock.ts";
import type { Context } from "./context.ts";
import type { Dropped } from "./dropped.ts";
import { LEASE, leaseOf } from "./lease.ts";
import { EARLIER_KEYS, type Presence, presenceSchema } from "./messages.ts";
import { parseRegister } from "./register.ts";
import type { Entry, Transport } from "./transport.ts";

const PREFIX = "member.";

interface Seen {
  readonly presence: Presence;
  readonly at: number;
  /** Whether it was written after this machine looked for the first time. */
  readonly isNew: boolean;
}

export class Roster {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #aliveMs: number;
  readonly #dropped: Dropped;
  /** By register: the revision that was read last. */
  readonly #read = new Map<string, number>();
  readonly #seen = new Map<string, Seen>();
  #revision: number | "new" | undefined;
  #hasLooked = false;
  #earlier: readonly string[] | undefined;
  /** The highest revision of a register: no term is above it. */
  revision = 0;
  /** The newest term, and who has it: "" if it was given back. */
  lease: { readonly term: number; readonly holder: string } | undefined;

  constructor({ transport, clock, dropped }: Pick<Context, "transport" | "clock" | "dropped">, aliveMs: number) {
    this.#transport = transport;
    this.#clock = clock;
    this.#dropped = dropped;
    this.#aliveMs = aliveMs;
  }

  /** Takes note of all registers as they are now. */
  see(registers: ReadonlyMap<string, Entry>): void {
    for (const [key, { value, revision }] of registers) {
      if (!key.startsWith(PREFIX) || this.#read.get(key) === revision) continue;
      this.#read.set(key, revision);
      const presence = parseRegister(presenceSchema, value);
      if (presence && key === PREFIX + presence.member) {
        this.#seen.set(key, { presence, at: this.#clock.now(), isNew: this.#hasLooked });
      } else this.#dropped.add("malformed", `register "${key}"`, "it is not what a member shows of itself");
    }
    this.#hasLooked = true;
    this.revision = Math.max(this.revision, ...[...registers.values()].map(({ revision }) => revision));
    this.lease = leaseOf(registers.get(LEASE)) ?? this.lease;
  }

  /** Whether `member` signs with `key`, or did so in an earlier life. */
  hasKey(member: string, key: string): boolean {
    const seen = this.#seen.get(PREFIX + member)?.presence;
    return seen !== undefined && (seen.key === key || seen.earlier.includes(key));
  }

  /** All that have written their register since this machine came, those among them that have left since. */
  news(): Presence[] {
    return [...this.#seen.values()].filter(({ isNew }) => isNew).map(({ presence }) => presence);
  }

  /** Members that have shown themselves lately, by name. */
  present(): Presence[] {
    const now = this.#clock.now();
    return [...this.#seen.values()]
      .filter(({ presence, at }) => presence.beat >= 0 && now - at < this.#aliveMs)
      .map(({ presence }) => presence)
      .sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  /** Counts `member` as gone until it shows itself again. */
  miss(member: string): void {
    const seen = this.#seen.get(PREFIX + member);
    if (seen) this.#seen.set(PREFIX + member, { ...seen, at: -Infinity });
  }

  /** Shows this machine; a `beat` of -1 says that it leaves. */
  async show(presence: Omit<Presence, "earlier">): Promise<void> {
    const key = PREFIX + presence.member;
    if (this.#revision === undefined) {
      const entry = (await this.#transport.registers()).get(key);
      this.#revision = entry?.revision ?? "new";
      this.#earlier ??= earlierKeys(entry, presence.key);
    }
    const value = JSON.stringify({ ...presence, earlier: this.#earlier });
    // Nobody else writes it: where the revision is another, a write's answer was lost.
    this.#revision = await this.#transport.write(key, value, this.#revision);
  }
}

/** The keys that a member's register says it had before `key`. */
function earlierKeys(entry: Entry | undefined, key: string): string[] {
  const before = entry && parseRegister(presenceSchema, entry.value);
  if (!before) return [];
  return [before.key, ...before.earlier].filter((other) => other !== key).slice(0, EARLIER_KEYS);
}
