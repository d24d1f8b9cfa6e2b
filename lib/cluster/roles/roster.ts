/** Tracks the present members. Each writes its register again and again, and counts as gone when it stays unchanged. */
import { remember } from "../../base/remember.ts";
import { RUN } from "./check_same_run.ts";
import type { Context } from "./context.ts";
import { LEASE, leaseOf } from "./lease.ts";
import { EARLIER_KEYS, type Presence, presenceSchema } from "../protocol/messages.ts";
import { parseRegister } from "../protocol/register.ts";
import { type Entry, MEMBER, type Registers } from "../protocol/transport.ts";

type RosterContext = Pick<Context, "transport" | "clock" | "dropped" | "report" | "leaseMs" | "member">;

/** Limits the tracked members, and the tracked invalid registers. */
const MAX_TRACKED = 1024;
/** Leases after which the register of a member that is gone is read only in turn, as those of strangers. */
const KNOWN_LEASES = 10;
/** The roster reports so many unread registers once. */
const CROWD = 256;

interface Seen {
  readonly presence: Presence;
  readonly revision: number;
  readonly at: number;
  /** Tells whether it was written after this machine's first scan. */
  readonly isNew: boolean;
}

export class Roster {
  readonly #context: RosterContext;
  /** By register, the least recently changed first. */
  readonly #seen = new Map<string, Seen>();
  /** Invalid registers and their revisions when they were read last. */
  readonly #malformed = new Map<string, number>();
  #revision: number | "new" | undefined;
  #hasScanned = false;
  #earlier: readonly string[] | undefined;
  /** True once there were more registers than a scan reads. */
  isCrowded = false;
  /** The highest revision of a register. No term exceeds it. */
  revision = 0;
  /** The newest term and its holder, "" if the lease was given back. */
  lease: { readonly term: number; readonly holder: string } | undefined;

  constructor(context: RosterContext) {
    this.#context = context;
  }

  /** Returns the registers that each scan reads. */
  keysToRead(): string[] {
    const { clock, leaseMs, member } = this.#context;
    const now = clock.now();
    const members = [...this.#seen].filter(([, { at }]) => now - at < KNOWN_LEASES * leaseMs).map(([key]) => key);
    return [...new Set([RUN, LEASE, MEMBER + member, ...members])];
  }

  /** Updates the members from a scan of the registers. */
  updateAll({ entries, left }: Registers): void {
    const before = this.revision;
    for (const [key, entry] of entries) this.update(key, entry, before);
    this.#hasScanned = true;
    if (left < CROWD || this.isCrowded) return;
    this.isCrowded = true;
    const message =
      `There are ${left} more registers than a scan reads. They are read in turn, so new members may have to wait`;
    this.#context.report(message);
  }

  /**
   * Updates a member from its register, which was requested by name or read by a scan. A scan passes `before`, the highest
   * revision of the previous scan.
   */
  update(key: string, entry: Entry, before?: number): void {
    const { clock, leaseMs } = this.#context;
    const { value, revision } = entry;
    const highest = before ?? this.revision;
    this.revision = Math.max(this.revision, revision);
    if (key === LEASE) this.lease = leaseOf(entry) ?? this.lease;
    const seen = this.#seen.get(key);
    if (!key.startsWith(MEMBER) || seen?.revision === revision || this.#malformed.get(key) === revision) return;
    const presence = parseRegister(presenceSchema, value);
    if (!presence || key !== MEMBER + presence.member) {
      remember(this.#malformed, key, revision, MAX_TRACKED);
      return this.#context.dropped.add("malformed", `register "${key}"`, "it does not describe a member");
    }
    // An older register that is read only now may be left over from any time. It counts only after the next write, which
    // is seen soon if it was requested by name.
    const isOld = !seen && this.#hasScanned && revision < highest;
    const goneMs = before === undefined ? leaseMs : Infinity;
    const at = isOld ? clock.now() - goneMs : clock.now();
    remember(this.#seen, key, { presence, revision, at, isNew: this.#hasScanned && !isOld }, MAX_TRACKED);
  }

  /** Tells whether `member` signs with `key`, or did so in an earlier life. */
  hasKey(member: string, key: string): boolean {
    const seen = this.#seen.get(MEMBER + member)?.presence;
    return seen !== undefined && (seen.key === key || seen.earlier.includes(key));
  }

  /** Returns all members that have written their register since this machine joined, including those that left. */
  sinceJoining(): Presence[] {
    return [...this.#seen.values()].filter(({ isNew }) => isNew).map(({ presence }) => presence);
  }

  /** Returns the present members, by name. */
  present(): Presence[] {
    const { clock, leaseMs } = this.#context;
    const now = clock.now();
    return [...this.#seen.values()]
      .filter(({ presence, at }) => presence.beat >= 0 && now - at < leaseMs)
      .map(({ presence }) => presence)
      .sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  /** Counts `member` as gone until it writes its register again. */
  markGone(member: string): void {
    const seen = this.#seen.get(MEMBER + member);
    if (seen) this.#seen.set(MEMBER + member, { ...seen, at: -Infinity });
  }

  /** Writes the register of this machine. A `beat` of -1 means that it leaves. */
  async write(presence: Omit<Presence, "earlier">): Promise<void> {
    const { transport } = this.#context;
    const key = MEMBER + presence.member;
    if (this.#revision === undefined) {
      const entry = await transport.register(key);
      this.#revision = entry?.revision ?? "new";
      this.#earlier ??= earlierKeys(entry, presence.key);
    }
    const value = JSON.stringify({ ...presence, earlier: this.#earlier });
    // Only this machine writes it. If the revision differs, the answer to a write was lost.
    this.#revision = await transport.write(key, value, this.#revision);
  }
}

/** Returns the keys of a member's earlier lives from its register. */
function earlierKeys(entry: Entry | undefined, key: string): string[] {
  const before = entry && parseRegister(presenceSchema, entry.value);
  if (!before) return [];
  return [before.key, ...before.earlier].filter((other) => other !== key).slice(0, EARLIER_KEYS);
}
