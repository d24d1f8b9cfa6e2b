/** Messages and registers that are left out: each is counted by its kind, and the first of each kind is told. */

export const DROPPED_KINDS = [
  "damaged",
  "malformed",
  "of another run",
  "not signed by a member",
  "sent again",
  "of an impossible term",
  "not asked for",
] as const;
export type DroppedKind = typeof DROPPED_KINDS[number];

export class Dropped {
  readonly #tell: (message: string) => void;
  readonly #counts = new Map<DroppedKind, number>();

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  /** How many there were of each kind that there was. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Leaves `what` out ("message 7 of up"), `why` in words. */
  add(kind: DroppedKind, what: string, why: string): void {
    const before = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, before + 1);
    if (before > 0) return;
    this.#tell(`What is ${kind} is left out: ${what}, ${why}. More of this kind are counted and not told`);
  }
}
