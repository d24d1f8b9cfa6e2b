/**
 * Whether the machines of a run have the same state. Each shows the digests of its newest compared rounds in its
 * register; machines that came to different ones after the same round all end.
 */
import type { Clock } from "../protocol/clock.ts";
import type { LocalShards } from "../rounds/round_executor.ts";
import type { Presence, RoundDigest } from "../protocol/messages.ts";

/** Rounds that a machine shows the digests of: machines are never further apart than a few looks at the registers. */
export const SHOWN_DIGESTS = 4;
/** Leases that a machine which has ended waits for the digests of others, and looks in the time of one. */
const END_LEASES = 3;
const END_LOOKS = 20;
/** Digits of a digest that a message shows. */
const DIGITS = 12;

/** In rounds, or in time by the leader's clock. */
export type CompareEvery = { readonly rounds: number } | { readonly ms: number };

/** Machines have different states, so that their results would differ. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
}

export class Agreement {
  readonly #member: string;
  readonly #patienceMs: number;
  #differsSince: number | undefined;
  #own: readonly RoundDigest[] = [];

  /** Members that have not shown their digest yet are waited for so long, so that it can be said who has which. */
  constructor(member: string, patienceMs: number) {
    this.#member = member;
    this.#patienceMs = patienceMs;
  }

  /** Takes note of this machine's state after a round. */
  add(own: RoundDigest): void {
    this.#own = [...this.#own.filter(({ round }) => round !== own.round), own].slice(-SHOWN_DIGESTS);
  }

  /** For the register of this machine. */
  shown(): Pick<Presence, "digests"> {
    return { digests: [...this.#own] };
  }

  /**
   * Throws a Disagreement if one of `others` has another state after a round than this machine had: as soon as those who
   * are `present` have shown theirs.
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

/**
 * Adds the digest that training ended with, and calls `look`, which shows it and resolves to who is there, until all who
 * end with this machine have shown theirs, or for a few leases.
 */
export async function compareEnds(
  { agreement, clock, signal, local, leaseMs, member }: {
    readonly agreement: Agreement;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly local: LocalShards;
    readonly leaseMs: number;
    readonly member: string;
  },
  look: () => Promise<readonly Presence[]>,
): Promise<void> {
  const own = local.stateDigest();
  agreement.add(own);
  const isAwaited = (other: Presence) =>
    other.member !== member && other.inStep && other.digests.every(({ round }) => round < own.round);
  const until = clock.now() + END_LEASES * leaseMs;
  do {
    if (!(await look()).some(isAwaited)) return;
    await clock.sleep(leaseMs / END_LOOKS, signal);
  } while (clock.now() < until && !signal.aborted);
}

/** Whether machines compare their states after a round: after the first of each leader, and then now and again. */
export function createComparison(every: CompareEvery): (round: number, now: number) => boolean {
  let last: number | undefined;
  return (round, now) => {
    const isDue = last === undefined || ("rounds" in every ? round % every.rounds === 0 : now - last >= every.ms);
    if (isDue) last = now;
    return isDue;
  };
}

function disagreement(round: number, found: ReadonlyMap<string, string[]>): string {
  const states = [...found].map(([digest, members]) => `${members.sort().join(" and ")} to ${digest.slice(0, DIGITS)}`);
  return `Machines came to different states after round ${round}: ${states.sort().join(", ")}. ` +
    "One of them computes otherwise: find it with deno task verify RUN, and resume without it";
}
