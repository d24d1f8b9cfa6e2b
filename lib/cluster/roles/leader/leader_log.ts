/** Appends the messages of the leader to the log, while its lease lasts. */
import { seal } from "../../protocol/envelope.ts";
import type { Down, Unsigned } from "../../protocol/messages.ts";
import { retry } from "../../protocol/retry.ts";
import { Subject } from "../../protocol/transport.ts";
import type { Context } from "../context.ts";
import { Deposed, type Lease } from "../lease.ts";
import type { Member } from "../member.ts";

export class LeaderLog {
  readonly term: number;
  readonly #context: Context;
  readonly #member: Member;
  readonly #lease: Lease;

  constructor(context: Context, { member, lease, term }: { member: Member; lease: Lease; term: number }) {
    this.#context = context;
    this.#member = member;
    this.#lease = lease;
    this.term = term;
  }

  /** Appends a message after all others, as soon as this machine has received them. Resolves to its sequence. */
  async append(message: Unsigned<Down>, body?: Uint8Array): Promise<number> {
    for (;;) {
      const after = this.#member.log.received;
      const sequence = await this.tryAppend(message, body);
      if (sequence !== undefined) {
        await this.until(() => this.#member.log.received >= sequence);
        return sequence;
      }
      // The newer message is from another machine, or from this one if its answer was lost. It will be received.
      await this.until(() => this.#member.log.received > after);
    }
  }

  /** Appends a message after the newest received one. Resolves to undefined if the log has a newer one. */
  async tryAppend(message: Unsigned<Down>, body?: Uint8Array): Promise<number | undefined> {
    const { transport, clock, signal, run, signer, newId } = this.#context;
    const after = this.#member.log.received;
    const data = seal({ ...message, run, from: signer.next(), term: this.term }, body, signer.sign);
    const options = { id: newId(), after };
    const sequence = await retry(clock, signal, () => {
      this.check();
      return transport.publish(Subject.down, data, options);
    });
    this.#member.published = sequence ?? after + 1;
    return sequence;
  }

  /** Waits until this machine has applied the message. */
  applied(sequence: number): Promise<void> {
    return this.until(() => this.#member.applied >= sequence);
  }

  /** Waits until `condition` is true. Throws Deposed. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.check();
      await this.wait();
    }
  }

  /** Waits for the next message, and not longer than the lease may still last. */
  wait(): Promise<void> {
    return this.#member.notifier.wait(this.#context.leaseMs / 4, this.#context.signal);
  }

  /** Throws Deposed if this machine may not lead any more. */
  check(): void {
    this.#context.signal.throwIfAborted();
    if (this.#member.term > this.term) throw new Deposed(`Another machine leads in term ${this.#member.term}`);
    if (!this.#lease.isHeld) throw new Deposed("The lease has expired");
  }
}
