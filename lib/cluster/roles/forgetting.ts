/** Cuts the log behind what nobody needs any more, for as long as this machine leads. */
import type { Context } from "./context.ts";
import { retry } from "../protocol/retry.ts";
import type { Roster } from "./roster.ts";
import { FORGET_BYTES } from "../rounds/sizes.ts";

/** Small rounds that are left in the log before it is cut behind the base of the round before. */
const FORGET_ROUNDS = 64;

export class Forgetting {
  readonly #context: Context;
  readonly #roster: Roster;
  /** Where what the base before the newest needs begins in the log. */
  #keepFrom = 0;
  #left = { bytes: 0, rounds: 0 };
  /** Until then the log is not cut while a member is on its way to the state of all others. */
  #joiningUntil = -Infinity;

  constructor(context: Context, roster: Roster) {
    this.#context = context;
    this.#roster = roster;
  }

  /** Somebody gets a whole state now: who has just got one starts workers on it first, and then needs every base since. */
  expectJoining(): void {
    this.#joiningUntil = this.#context.clock.now() + this.#context.roundMs;
  }

  /**
   * Drops what nobody needs who is at most one round behind: the newest base begins at `from`, its round sent `bytes`.
   * Resolves to whether the log was cut.
   */
  async after(from: number, bytes: number): Promise<boolean> {
    const { transport, clock, signal } = this.#context;
    this.#left = { bytes: this.#left.bytes + bytes, rounds: this.#left.rounds + 1 };
    const isAwaited = clock.now() < this.#joiningUntil && this.#roster.present().some(({ inStep }) => !inStep);
    if (isAwaited) return false;
    const before = this.#keepFrom;
    this.#keepFrom = from;
    if (before === 0 || this.#left.bytes < FORGET_BYTES && this.#left.rounds < FORGET_ROUNDS) return false;
    this.#left = { bytes: 0, rounds: 0 };
    await retry(clock, signal, () => transport.forget(before));
    return true;
  }
}
