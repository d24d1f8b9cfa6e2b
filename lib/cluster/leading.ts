/** Whether this machine leads right now: the leader's part as something that begins and ends beside the member's. */
import type { Context } from "./context.ts";
import { Deposed, Leader } from "./leader.ts";
import type { Lease } from "./lease.ts";
import type { Member } from "./member.ts";
import type { Roster } from "./roster.ts";
import { Unreachable } from "./transport.ts";

export class Leading {
  readonly #context: Context;
  readonly #parts: { readonly member: Member; readonly roster: Roster; readonly lease: Lease };
  readonly #failed = Promise.withResolvers<never>();
  #current: Promise<void> | undefined;

  constructor(context: Context, parts: { member: Member; roster: Roster; lease: Lease }) {
    this.#context = context;
    this.#parts = parts;
    this.#failed.promise.catch(() => {}); // Whoever races it hears of it.
  }

  get isOn(): boolean {
    return this.#current !== undefined;
  }

  /** Rejects with what ended a leader that was not deposed. Never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Begins to lead in `term`. */
  start(term: number): void {
    this.#current = this.#lead(term).finally(() => this.#current = undefined);
  }

  /** Resolves when this machine does not lead any more. */
  async ended(): Promise<void> {
    await this.#current;
  }

  async #lead(term: number): Promise<void> {
    const { signal, report } = this.#context;
    try {
      await new Leader(this.#context, { ...this.#parts, term }).run();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Deposed)) return this.#failed.reject(error);
      report({ type: "incident", message: `Leads no more: ${error.message}` });
      await this.#parts.lease.release().catch((problem) => {
        if (!(problem instanceof Unreachable)) throw problem;
      });
    }
  }
}
