/**
 * Compares the states of a run's machines. Each machine shows the digests of its newest compared rounds in its register.
 * If two digests of a round differ, all machines end.
 */
import type { Presence, RoundDigest } from "../protocol/messages.ts";

/** Rounds whose digests a machine shows: machines are never further apart than a few scans of the registers. */
const SHOWN_DIGESTS = 4;
/** Digits of a digest in a message. */
const DIGITS = 12;

/** The interval of comparisons, in rounds, or in time by the leader's clock. */
export type CompareEvery = { readonly rounds: number } | { readonly ms: number };

/** Machines have different states, so their results would differ. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
}

export class Agreement {
  readonly #member: string;
  readonly #patienceMs: number;
  #differsSince: number | undefined;
  #own: readonly RoundDigest[] = [];

  /** Waits up to `patienceMs` for members without a digest, so that the message can name the digests of all. */
  constructor(member: string, patienceMs: number) {
    this.#member = member;
    this.#patienceMs = patienceMs;
  }

  /** Adds the digest of this machine's state after a round. */
  add(own: RoundDigest): void {
    this.#own = [...this.#own.filter(({ round }) => round !== own.round), own].slice(-SHOWN_DIGESTS);
  }

  /** Returns the digests for this machine's register. */
  shown(): Pick<Presence, "digests"> {
    return { digests: [...this.#own] };
  }

  /**
   * Throws a Disagreement if one of `others` has a different state after the same round as this machine, as soon as all
   * `present` members have shown theirs.
   */
  check(others: readonly Presence[], present: readonly Presence[], now: number): void {
    for (const { round, digest } of this.#own) {
      const found = new Map([[digest, [this.#member]]]);
      for (const { member, digests } of others) {
        const theirs = digests.find((other) => other.round === round)?.digest;
        if (theirs === undefined || member === this.#member) continue;
        found.set(theirs, [...found.get(theirs) ?? [], member]);
      }
      if (found.size === 1) continue;
      this.#differsSince ??= now;
      const isAwaited = present.some(({ digests }) => digests.every((other) => other.round < round));
      if (!isAwaited || now - this.#differsSince >= this.#patienceMs) {
        throw new Disagreement(disagreement(round, found));
      }
    }
  }
}

/** Decides whether machines compare their states after a round: after the first one of each leader, then regularly. */
export function createComparison(every: CompareEvery): (round: number, now: number) => boolean {
  let last: number | undefined;
  return (round, now) => {
    const isDue = last === undefined || ("rounds" in every ? round % every.rounds === 0 : now - last >= every.ms);
    if (isDue) last = now;
    return isDue;
  };
}

function disagreement(round: number, found: ReadonlyMap<string, string[]>): string {
  const states = [...found].map(([digest, members]) =>
    `${members.sort().join(" and ")} ${members.length === 1 ? "has" : "have"} ${digest.slice(0, DIGITS)}`
  );
  return `Machines have different states after round ${round}: ${states.sort().join(", ")}. ` +
    "One of them computes different numbers: verify the run on each machine, and resume without that one";
}
