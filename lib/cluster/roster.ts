/** Who is there: each member writes a register of its own again and again, and is gone when it stays the same. */
import type { Clock } from "./clock.ts";
import { type Presence, presenceSchema } from "./messages.ts";
import type { Entry, Transport } from "./transport.ts";

const PREFIX = "member.";

interface Seen {
  readonly presence: Presence;
  readonly revision: number;
  readonly at: number;
  /** Whether it was written after this machine looked for the first time. */
  readonly isNew: boolean;
}

export class Roster {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #aliveMs: number;
  readonly #seen = new Map<string, Seen>();
  #revision: number | "new" | undefined;
  #hasLooked = false;

  constructor({ transport, clock, aliveMs }: { transport: Transport; clock: Clock; aliveMs: number }) {
    this.#transport = transport;
    this.#clock = clock;
    this.#aliveMs = aliveMs;
  }

  /** Takes note of all registers as they are now. */
  see(registers: ReadonlyMap<string, Entry>): void {
    for (const [key, { value, revision }] of registers) {
      if (!key.startsWith(PREFIX) || this.#seen.get(key)?.revision === revision) continue;
      const parsed = presenceSchema.safeParse(JSON.parse(value));
      if (parsed.success) {
        this.#seen.set(key, { presence: parsed.data, revision, at: this.#clock.now(), isNew: this.#hasLooked });
      }
    }
    this.#hasLooked = true;
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
  async show(presence: Presence): Promise<void> {
    const key = PREFIX + presence.member;
    const value = JSON.stringify(presence);
    this.#revision ??= (await this.#transport.registers()).get(key)?.revision ?? "new";
    // Nobody else writes it: where the revision is another, a write's answer was lost.
    this.#revision = await this.#transport.write(key, value, this.#revision);
  }
}
