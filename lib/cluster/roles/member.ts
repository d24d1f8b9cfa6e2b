/**
 * The member applies the messages of the leader in the order of the log. It trains the shards that it gets and sends their
 * sums. It commits each base. If it cannot reach the newest state by the log, it asks for a whole one.
 */
import type { NodeSum } from "../rounds/local_shards.ts";
import { Notifier } from "../protocol/clock.ts";
import { concatenate, Damaged, Malformed, seal } from "../protocol/envelope.ts";
import {
  type Down,
  type DownOf,
  downSchema,
  type ObjectReference,
  type Unsigned,
  type Up,
} from "../protocol/messages.ts";
import { retry } from "../protocol/retry.ts";
import { Subject } from "../protocol/transport.ts";
import type { Context } from "./context.ts";
import { DealtRound } from "./dealt_round.ts";
import { LogQueue } from "./log_queue.ts";
import { Objects } from "./objects.ts";
import type { Roster } from "./roster.ts";
import { Verifier } from "./verifier.ts";

/** A leader reads its own inline objects back. Up to this size, that is faster than another request for a chunk. */
const OWN_INLINE_BYTES = 32 * 1024;

export class Member {
  /** The highest term of an applied message. */
  term = 0;
  /** The leader according to the log. */
  leader = "";
  /** The sequence of the newest applied message. */
  applied = 0;
  /** The log has at least so many messages, as the broker answered this machine when it led. */
  published = 0;
  /** True if the next round starts from this member's state, or from its state after it has applied the log. */
  inStep = false;
  /** Notifies at every message that is received or applied. */
  readonly notifier: Notifier;
  readonly log: LogQueue<Down>;
  readonly objects: Objects;
  readonly dealt: DealtRound;
  readonly #context: Context;
  #sent: { readonly round: number; readonly nodes: readonly NodeSum[] } | undefined;
  #isBehind = false;
  /** The highest round with a base in the log, and the sequence of its first base. */
  #newestBase = { round: 0, sequence: 0 };
  #askedAt = -Infinity;
  #announcedAt = -Infinity;
  readonly #failed = Promise.withResolvers<never>();

  constructor(context: Context, roster: Roster) {
    this.#context = context;
    this.#failed.promise.catch(() => {}); // The callers of `failed` handle it.
    this.notifier = new Notifier(context.clock);
    this.log = new LogQueue(context, new Verifier(context, roster, downSchema), this.notifier);
    this.objects = new Objects(context);
    this.dealt = new DealtRound(context.local.shards);
  }

  /** Applies the log until training has ended or the context's signal aborts. */
  async run(): Promise<void> {
    const { transport, clock, signal } = this.#context;
    const end = await retry(clock, signal, () => transport.newest(Subject.down));
    const receiving = this.log.receive(Subject.down, 1, (message) => {
      if (message.type === "deal") this.dealt.add(message);
    });
    receiving.catch((error) => this.#failed.reject(error));
    await Promise.race([this.#applyAll(end), this.failed]);
  }

  /** Rejects if reading the log fails, also after training has ended. Never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** A sequence that precedes all uploads for the next round. They follow the base that the round starts from. */
  get uploadsFrom(): number {
    const { round, sequence } = this.#newestBase;
    return round === this.#context.local.round ? sequence + 1 : 1;
  }

  /**
   * Asks for a state again if it got no answer. Announces this member if there are too many registers for the leader to
   * find its own. Call it regularly.
   */
  async remind(isCrowded: boolean): Promise<void> {
    const { clock, leaseMs, member } = this.#context;
    if (this.#isBehind) return await this.#ask();
    if (!isCrowded || this.dealt.has(member)) return;
    if (clock.now() - this.#announcedAt < leaseMs) return;
    this.#announcedAt = clock.now();
    await this.#publish({ type: "here", member });
  }

  /** Applies all messages. This member is in step at the earliest after message `end`. */
  async #applyAll(end: number): Promise<void> {
    const { local, signal, leaseMs } = this.#context;
    this.inStep = end === 0;
    while (!local.finished && !signal.aborted) {
      const entry = this.log.entries.shift();
      if (!entry) {
        await this.notifier.wait(leaseMs, signal);
        continue;
      }
      const { message, body, sequence } = entry;
      if (message && message.term >= this.term) {
        this.term = message.term;
        const { type, round } = message;
        if (type === "base" && round > this.#newestBase.round) this.#newestBase = { round, sequence };
        await this.#apply(message, body);
      }
      this.applied = sequence;
      if (sequence >= end && !this.#isBehind) this.inStep = true;
      this.notifier.notify();
    }
  }

  async #apply(message: Down, body: Uint8Array): Promise<void> {
    const { local, member } = this.#context;
    switch (message.type) {
      case "lead":
        this.leader = message.leader;
        return await this.#follow(message.round);
      case "deal":
        await this.#follow(message.round - 1);
        return await this.#train(message);
      case "base":
        return await this.#commit(message, body);
      case "state":
        return await this.#restore(message, body);
      case "refused":
        if (message.member !== member) return;
        return this.#context.report(
          `An upload for round ${message.round} came late and was refused: the run is at ${message.current}`,
        );
      case "again":
        if (message.member !== member || message.round !== local.round + 1) return;
        this.#context.report(`An upload for round ${message.round} was damaged and is sent again`);
        if (this.#sent?.round === message.round) await this.#upload(this.#sent.round, this.#sent.nodes);
    }
  }

  /** Compares this member's state with that after `round` rounds, from which the next round starts. */
  async #follow(round: number): Promise<void> {
    const { local } = this.#context;
    this.#isBehind = round > local.round;
    // A member that is ahead is in step again when the others reach its round.
    if (round !== local.round) this.inStep = false;
    if (this.#isBehind) await this.#ask();
  }

  async #train({ round, hands }: DownOf<"deal">): Promise<void> {
    const { local, member, clock, traffic } = this.#context;
    const shards = hands.find((assignment) => assignment.member === member)?.shards ?? [];
    const isOver = this.log.entries.some(({ message }) => message?.type === "base" && message.round >= round);
    if (shards.length === 0 || isOver || round !== local.round + 1) return;
    const startedAt = clock.now();
    const nodes = await local.sum(shards);
    traffic.computeMs += clock.now() - startedAt;
    await this.#upload(round, nodes);
  }

  async #upload(round: number, nodes: readonly NodeSum[]): Promise<void> {
    this.#sent = { round, nodes };
    const { member, traffic } = this.#context;
    const bytes = concatenate(nodes.map(({ bytes }) => bytes));
    // The leader reads all uploads. It keeps its own, so it need not read the chunks of those back.
    const inline = this.leader === member ? OWN_INLINE_BYTES : undefined;
    const { reference, body } = await this.objects.put(bytes, inline);
    const spans = nodes.map(({ first, last, bytes: { length } }) => ({ first, last, bytes: length }));
    await this.#publish({ type: "upload", member, round, nodes: spans, object: reference }, body);
    traffic.bytesUp += bytes.length;
  }

  async #commit({ round, object, compare, from }: DownOf<"base">, body: Uint8Array): Promise<void> {
    const { local, agreement } = this.#context;
    if (round > local.round + 1) return await this.#follow(round);
    if (round <= local.round) {
      this.inStep = round === local.round;
      return;
    }
    const bytes = await this.#fetchOrAsk(object, body, from.key, (bytes) => {
      local.check({ first: 0, last: local.shards, bytes });
    });
    if (!bytes) return;
    await local.commit(bytes);
    if (compare && local.round === round) agreement.add(local.stateDigest());
    this.#settle();
  }

  async #restore({ round, digest, object, from }: DownOf<"state">, body: Uint8Array): Promise<void> {
    const { local } = this.#context;
    if (round <= local.round) return;
    const bytes = await this.#fetchOrAsk(object, body, from.key, (bytes) => local.restore({ round, digest, bytes }));
    if (!bytes) return;
    this.#context.report(`Joined with the state after round ${round}`);
    this.#settle();
  }

  /** Records that this member has the newest state. */
  #settle(): void {
    this.#isBehind = false;
    this.inStep = true;
    this.#sent = undefined;
  }

  /** Resolves to the object. If it or `check` throws Damaged or Malformed, asks again and resolves to undefined. */
  async #fetchOrAsk(
    object: ObjectReference,
    body: Uint8Array,
    key: string,
    check: (bytes: Uint8Array) => void | Promise<void>,
  ): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.objects.get(object, body, key);
      await check(bytes);
      return bytes;
    } catch (error) {
      if (!(error instanceof Damaged || error instanceof Malformed)) throw error;
      this.#context.report(`${error.message}. Requesting it again`);
      this.#isBehind = true;
      this.inStep = false;
      await this.#ask();
      return undefined;
    }
  }

  /** Asks for a newer state than this member's, at most once per lease. */
  async #ask(): Promise<void> {
    const { clock, leaseMs, member, local } = this.#context;
    if (clock.now() - this.#askedAt < leaseMs) return;
    this.#askedAt = clock.now();
    await this.#publish({ type: "ask", member, round: local.round });
  }

  async #publish(message: Unsigned<Up>, body?: Uint8Array): Promise<void> {
    const { transport, clock, signal, run, signer, newId } = this.#context;
    const data = seal({ ...message, run, from: signer.next() }, body, signer.sign);
    const options = { id: newId() };
    await retry(clock, signal, () => transport.publish(Subject.up, data, options));
  }
}
