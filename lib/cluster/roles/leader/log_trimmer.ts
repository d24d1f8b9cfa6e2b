/** Removes messages from the log that no machine needs any more, while this machine leads. */
import type { Context } from "../context.ts";
import { retry } from "../../protocol/retry.ts";
import type { Roster } from "../roster.ts";
import { TRIM_BYTES } from "../../rounds/sizes.ts";

/** Small rounds that stay in the log before it is trimmed up to the base of the previous round. */
const TRIM_ROUNDS = 64;

export class LogTrimmer {
  readonly #context: Context;
  readonly #roster: Roster;
  /** The sequence of the first message that the second newest base needs. */
  #keepFrom = 0;
  #untrimmed = { bytes: 0, rounds: 0 };
  /** Until then, the log is not trimmed while a member catches up. */
  #joiningUntil = -Infinity;

  constructor(context: Context, roster: Roster) {
    this.#context = context;
    this.#roster = roster;
  }

  /** Records that a member receives a whole state. It starts workers first, and then needs all bases since then. */
  expectJoining(): void {
    this.#joiningUntil = this.#context.clock.now() + this.#context.roundMs;
  }

  /**
   * Trims the log after a round of `bytes` bytes, whose base begins at sequence `from`. Keeps all messages that members
   * need which are at most one round behind. Resolves to true if it trimmed the log.
   */
  async afterRound(from: number, bytes: number): Promise<boolean> {
    const { transport, clock, signal } = this.#context;
    this.#untrimmed = { bytes: this.#untrimmed.bytes + bytes, rounds: this.#untrimmed.rounds + 1 };
    const isAwaited = clock.now() < this.#joiningUntil && this.#roster.present().some(({ inStep }) => !inStep);
    if (isAwaited) return false;
    const before = this.#keepFrom;
    this.#keepFrom = from;
    if (before === 0 || this.#untrimmed.bytes < TRIM_BYTES && this.#untrimmed.rounds < TRIM_ROUNDS) return false;
    this.#untrimmed = { bytes: 0, rounds: 0 };
    await retry(clock, signal, () => transport.trim(before));
    return true;
  }
}
