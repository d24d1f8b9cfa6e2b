/** Counts dropped messages and registers by kind, and reports the first of each kind. */

export type DroppedKind =
  | "damaged"
  | "malformed"
  | "of another run"
  | "not signed by a member"
  | "sent again"
  | "of an impossible term"
  | "not asked for";

export class Dropped {
  readonly #report: (message: string) => void;
  readonly #counts = new Map<DroppedKind, number>();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** Counts of the kinds that occurred. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Counts `what` ("message 7 of up"), which is dropped because of `reason`. */
  add(kind: DroppedKind, what: string, reason: string): void {
    const before = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, before + 1);
    if (before > 0) return;
    this.#report(`Dropped ${what}, which is ${kind}: ${reason}. More of this kind are only counted`);
  }
}
