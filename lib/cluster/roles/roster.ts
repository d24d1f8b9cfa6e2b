/** Who is there: each member writes a register of its own again and again, and is gone when it stays the same. */
import { remember } from "../../base/remember.ts";
import { RUN } from "./check_same_run.ts";
import type { Context } from "./context.ts";
import { LEASE, leaseOf } from "./lease.ts";
import { EARLIER_KEYS, type Presence, presenceSchema } from "../protocol/messages.ts";
import { parseRegister } from "../protocol/register.ts";
import { type Entry, MEMBER, type Registers } from "../protocol/transport.ts";

type RosterContext = Pick<Context, "transport" | "clock" | "dropped" | "report" | "leaseMs" | "member">;

/** Members that are there at a time, and registers that are no member's, which are known: no more. */
const MOST = 1024;
/** Leases after which the register of a member that is gone is read as a stranger's: in turn. */
const KNOWN_LEASES = 10;
/** So many registers that are not read at once are worth a word. */
const CROWD = 256;

interface Seen {
  readonly presence: Presence;
  readonly revision: number;
  readonly at: number;
  /** Whether it was written after this machine looked for the first time. */
  readonly isNew: boolean;
}

export class Roster {
  readonly #context: RosterContext;
  /** By register, those longest without news first. */
  readonly #seen = new Map<string, Seen>();
  /** Registers that are no member's, by the revision that was read last. */
  readonly #malformed = new Map<string, number>();
  #revision: number | "new" | undefined;
  #hasLooked = false;
  #earlier: readonly string[] | undefined;
  /** Whether there have been more registers than can be read at once. */
  isCrowded = false;
  /** The highest revision of a register: no term is above it. */
  revision = 0;
  /** The newest term, and who has it: "" if it was given back. */
  lease: { readonly term: number; readonly holder: string } | undefined;

  constructor(context: RosterContext) {
    this.#context = context;
  }

  /** The registers that each look has to read. */
  known(): string[] {
    const { clock, leaseMs, member } = this.#context;
    const now = clock.now();
    const members = [...this.#seen].filter(([, { at }]) => now - at < KNOWN_LEASES * leaseMs).map(([key]) => key);
    return [...new Set([RUN, LEASE, MEMBER + member, ...members])];
  }

  /** Takes note of registers as they are now. */
  see({ entries, left }: Registers): void {
    const before = this.revision;
    for (const [key, entry] of entries) this.note(key, entry, before);
    this.#hasLooked = true;
    if (left < CROWD || this.isCrowded) return;
    this.isCrowded = true;
    const message = `There are ${left} registers more than a look reads: they are read in turn, and who joins may wait`;
    this.#context.report({ type: "incident", message });
  }

  /**
   * Takes note of a register: one that was asked for by its name, or that a look has read; `before` is the highest
   * revision of the look before then.
   */
  note(key: string, entry: Entry, before?: number): void {
    const { clock, leaseMs } = this.#context;
    const { value, revision } = entry;
    const highest = before ?? this.revision;
    this.revision = Math.max(this.revision, revision);
    if (key === LEASE) this.lease = leaseOf(entry) ?? this.lease;
    const seen = this.#seen.get(key);
    if (!key.startsWith(MEMBER) || seen?.revision === revision || this.#malformed.get(key) === revision) return;
    const presence = parseRegister(presenceSchema, value);
    if (!presence || key !== MEMBER + presence.member) {
      remember(this.#malformed, key, revision, MOST);
      return this.#context.dropped.add("malformed", `register "${key}"`, "it is not what a member shows of itself");
    }
    // One that was there before and is read only now may have been left by anybody at any time. It has to be written
    // once more, which is seen soon where somebody asked for it.
    const isOld = !seen && this.#hasLooked && revision < highest;
    const goneMs = before === undefined ? leaseMs : Infinity;
    const at = isOld ? clock.now() - goneMs : clock.now();
    remember(this.#seen, key, { presence, revision, at, isNew: this.#hasLooked && !isOld }, MOST);
  }

  /** Whether `member` signs with `key`, or did so in an earlier life. */
  hasKey(member: string, key: string): boolean {
    const seen = this.#seen.get(MEMBER + member)?.presence;
    return seen !== undefined && (seen.key === key || seen.earlier.includes(key));
  }

  /** All that have written their register since this machine came, those among them that have left since. */
  news(): Presence[] {
    return [...this.#seen.values()].filter(({ isNew }) => isNew).map(({ presence }) => presence);
  }

  /** Members that have shown themselves lately, by name. */
  present(): Presence[] {
    const { clock, leaseMs } = this.#context;
    const now = clock.now();
    return [...this.#seen.values()]
      .filter(({ presence, at }) => presence.beat >= 0 && now - at < leaseMs)
      .map(({ presence }) => presence)
      .sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  /** Counts `member` as gone until it shows itself again. */
  miss(member: string): void {
    const seen = this.#seen.get(MEMBER + member);
    if (seen) this.#seen.set(MEMBER + member, { ...seen, at: -Infinity });
  }

  /** Shows this machine; a `beat` of -1 says that it leaves. */
  async show(presence: Omit<Presence, "earlier">): Promise<void> {
    const { transport } = this.#context;
    const key = MEMBER + presence.member;
    if (this.#revision === undefined) {
      const entry = await transport.register(key);
      this.#revision = entry?.revision ?? "new";
      this.#earlier ??= earlierKeys(entry, presence.key);
    }
    const value = JSON.stringify({ ...presence, earlier: this.#earlier });
    // Nobody else writes it: where the revision is another, a write's answer was lost.
    this.#revision = await transport.write(key, value, this.#revision);
  }
}

/** The keys that a member's register says it had before `key`. */
function earlierKeys(entry: Entry | undefined, key: string): string[] {
  const before = entry && parseRegister(presenceSchema, entry.value);
  if (!before) return [];
  return [before.key, ...before.earlier].filter((other) => other !== key).slice(0, EARLIER_KEYS);
}
