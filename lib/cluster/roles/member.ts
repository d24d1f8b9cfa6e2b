/**
 * A member's part: it heeds what the leader says, in the order of the log. Dealt shards it trains and sends the sums of;
 * a base it makes its state; where the log does not lead on from its state, it asks for a whole one.
 */
import { remember } from "../../base/remember.ts";
import { Bell } from "../protocol/clock.ts";
import type { Context } from "./context.ts";
import type { Hand } from "../rounds/assign_shards.ts";
import { Door } from "./door.ts";
import { Damaged, Malformed, seal } from "../protocol/envelope.ts";
import type { NodeSum } from "../rounds/round_executor.ts";
import { type Down, downSchema, type ObjectReference, type Unsigned, type Up } from "../protocol/messages.ts";
import { getObject, putObject } from "../protocol/objects.ts";
import { type Read, readLog } from "./read_log.ts";
import type { Roster } from "./roster.ts";
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import { retry } from "../protocol/retry.ts";
import { Subject } from "../protocol/transport.ts";

type DownOf<Type extends Down["type"]> = Extract<Down, { type: Type }>;

/** Own objects that are kept: a round's upload and base, and those of the round before. */
const KEPT = 4;
/** Bytes that a leader rather reads back than sends as a chunk, which takes one more answer of the broker. */
const OWN_INLINE_BYTES = 32 * 1024;

export class Member {
  /** The highest term that a leader has spoken with. */
  term = 0;
  /** Who leads, as far as the log has said. */
  leader = "";
  /** Sequence of the newest message that was received, and of the newest that was heeded. */
  received = 0;
  heeded = 0;
  /** What the log has at least, as this machine was told when it spoke as a leader: it comes back. */
  said = 0;
  /** Whether the next round starts from the state that this member has, or will have when it has heeded the log. */
  inStep = false;
  /** Rings at every message that is received or heeded. */
  readonly bell: Bell;
  readonly #context: Context;
  readonly #door: Door<Down>;
  /** The newest round that the log has dealt, and its hands. */
  #dealt: { readonly round: number; readonly hands: readonly Hand[] } = { round: 0, hands: [] };
  readonly #queue: Read<Down>[] = [];
  readonly #own = new Map<string, Uint8Array>();
  #sent: { readonly round: number; readonly nodes: readonly NodeSum[] } | undefined;
  #isBehind = false;
  /** The highest round whose base the log has, and where that base first is. */
  #newestBase = { round: 0, sequence: 0 };
  #askedAt = -Infinity;
  #hereAt = -Infinity;
  readonly #failed = Promise.withResolvers<never>();

  constructor(context: Context, roster: Roster) {
    this.#context = context;
    this.#failed.promise.catch(() => {}); // Whoever races it hears of it.
    this.#door = new Door(context, roster, downSchema);
    this.bell = new Bell(context.clock);
  }

  /** Heeds the log until training has ended or the context's signal aborts. */
  async run(): Promise<void> {
    const { transport, clock, signal } = this.#context;
    const end = await retry(clock, signal, () => transport.newest(Subject.down));
    this.#receive().catch((error) => this.#failed.reject(error));
    await Promise.race([this.#heedAll(end), this.failed]);
  }

  /** Rejects with what ended the reading of the log, also after training has ended. Never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Keeps the bytes of an object that this machine publishes at hand, so that they need not come back. */
  keep(id: string, bytes: Uint8Array): void {
    remember(this.#own, id, bytes, KEPT);
  }

  /** The bytes of an object. Throws Damaged. */
  async fetch(reference: ObjectReference, body: Uint8Array, key: string): Promise<Uint8Array> {
    const own = this.#own.get(reference.id);
    if (own) return own;
    const bytes = await getObject(this.#context, reference, body, key);
    this.#context.traffic.bytesDown += bytes.length;
    return bytes;
  }

  /**
   * Where in the log the uploads for the next round can begin. They follow the base that the round starts from, so that
   * nobody needs to read those of finished rounds.
   */
  get uploadsFrom(): number {
    const { round, sequence } = this.#newestBase;
    return round === this.#context.local.round ? sequence + 1 : 1;
  }

  /** Whether `nodes` are what `member` makes of shards that it was dealt in `round`. */
  isDealt(round: number, member: string, nodes: readonly Span[]): boolean {
    if (round !== this.#dealt.round) return false;
    const { shards: all } = this.#context.local;
    return this.#dealt.hands.some((hand) => {
      if (hand.member !== member) return false;
      const own = ownedNodes(new Set(hand.shards), all);
      return own.length === nodes.length &&
        own.every(({ first, last }, i) => nodes[i]!.first === first && nodes[i]!.last === last);
    });
  }

  /**
   * Asks for a state again where a question went without an answer; says that it is there where the leader may not have
   * found its register, as it is one of too many. To be called now and then.
   */
  async remind(isCrowded: boolean): Promise<void> {
    const { clock, leaseMs, member } = this.#context;
    if (this.#isBehind) return await this.#ask();
    if (!isCrowded || this.#dealt.hands.some((hand) => hand.member === member)) return;
    if (clock.now() - this.#hereAt < leaseMs) return;
    this.#hereAt = clock.now();
    await this.#say({ type: "here", member });
  }

  async #receive(): Promise<void> {
    for await (const read of readLog(this.#context, Subject.down, 1, this.#door)) {
      if (read.message?.type === "deal") {
        const { round, hands } = read.message;
        this.#dealt = { round, hands: round === this.#dealt.round ? [...this.#dealt.hands, ...hands] : hands };
      }
      this.received = read.sequence;
      this.#queue.push(read);
      this.bell.ring();
    }
  }

  async #heedAll(end: number): Promise<void> {
    const { local, signal, leaseMs } = this.#context;
    this.inStep = end === 0;
    while (!local.finished && !signal.aborted) {
      const read = this.#queue.shift();
      if (!read) {
        await this.bell.wait(leaseMs, signal);
        continue;
      }
      if (read.message && read.message.term >= this.term) {
        this.term = read.message.term;
        const { type, round } = read.message;
        if (type === "base" && round > this.#newestBase.round) this.#newestBase = { round, sequence: read.sequence };
        await this.#heed(read.message, read.body);
      }
      this.heeded = read.sequence;
      if (this.heeded >= end && !this.#isBehind) this.inStep = true;
      this.bell.ring();
    }
  }

  async #heed(message: Down, body: Uint8Array): Promise<void> {
    const { local, member, report } = this.#context;
    switch (message.type) {
      case "lead":
        this.leader = message.leader;
        return await this.#follow(message.round);
      case "deal":
        await this.#follow(message.round - 1);
        return await this.#work(message);
      case "base":
        return await this.#takeBase(message, body);
      case "state":
        return await this.#takeState(message, body);
      case "refused":
        if (message.member !== member) return;
        return report({
          type: "incident",
          message: `An upload for round ${message.round} came late and was refused: the run is at ${message.current}`,
        });
      case "again":
        if (message.member !== member || message.round !== local.round + 1) return;
        report({ type: "incident", message: `An upload for round ${message.round} was damaged and is sent again` });
        if (this.#sent?.round === message.round) await this.#upload(this.#sent.round, this.#sent.nodes);
    }
  }

  /** The next round starts from the state after `round` rounds. */
  async #follow(round: number): Promise<void> {
    const { local } = this.#context;
    this.#isBehind = round > local.round;
    // One that is ahead is in step again when the others have come as far.
    if (round !== local.round) this.inStep = false;
    if (this.#isBehind) await this.#ask();
  }

  async #work({ round, hands }: DownOf<"deal">): Promise<void> {
    const { local, member, clock, traffic } = this.#context;
    const shards = hands.find((hand) => hand.member === member)?.shards ?? [];
    const isOver = this.#queue.some(({ message }) => message?.type === "base" && message.round >= round);
    if (shards.length === 0 || isOver || round !== local.round + 1) return;
    const startedAt = clock.now();
    const nodes = await local.sum(shards);
    traffic.computeMs += clock.now() - startedAt;
    await this.#upload(round, nodes);
  }

  async #upload(round: number, nodes: readonly NodeSum[]): Promise<void> {
    this.#sent = { round, nodes };
    const bytes = new Uint8Array(nodes.reduce((sum, node) => sum + node.bytes.length, 0));
    let at = 0;
    for (const node of nodes) {
      bytes.set(node.bytes, at);
      at += node.bytes.length;
    }
    const id = this.#context.newId();
    this.keep(id, bytes);
    // Who leads reads all uploads: it has its own, and only what is in chunks need not come back to it.
    const inline = this.leader === this.#context.member ? OWN_INLINE_BYTES : undefined;
    const { reference, body } = await putObject(this.#context, id, bytes, inline);
    const spans = nodes.map(({ first, last, bytes: { length } }) => ({ first, last, bytes: length }));
    const { member, traffic } = this.#context;
    await this.#say({ type: "upload", member, round, nodes: spans, object: reference }, body);
    traffic.bytesUp += bytes.length;
  }

  async #takeBase({ round, object, compare, from }: DownOf<"base">, body: Uint8Array): Promise<void> {
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
    this.#settle(round);
  }

  async #takeState({ round, digest, object, from }: DownOf<"state">, body: Uint8Array): Promise<void> {
    const { local, report } = this.#context;
    if (round <= local.round) return;
    const bytes = await this.#fetchOrAsk(object, body, from.key, (bytes) => local.restore({ round, digest, bytes }));
    if (!bytes) return;
    report({ type: "incident", message: `Joined with the state after round ${round}` });
    this.#settle(round);
  }

  /** The state is the one after `round` rounds now. */
  #settle(round: number): void {
    this.#isBehind = false;
    this.inStep = true;
    this.#sent = undefined;
    this.#context.report({ type: "committed", round });
  }

  /** The object, if `check` does not find it Damaged or Malformed. */
  async #fetchOrAsk(
    object: ObjectReference,
    body: Uint8Array,
    key: string,
    check: (bytes: Uint8Array) => void | Promise<void>,
  ): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.fetch(object, body, key);
      await check(bytes);
      return bytes;
    } catch (error) {
      if (!(error instanceof Damaged || error instanceof Malformed)) throw error;
      this.#context.report({ type: "incident", message: `${error.message}; it is asked for again` });
      this.#isBehind = true;
      this.inStep = false;
      await this.#ask();
      return undefined;
    }
  }

  /** Says which state this member has. Not more often than an answer may take. */
  async #ask(): Promise<void> {
    const { clock, leaseMs, member, local } = this.#context;
    if (clock.now() - this.#askedAt < leaseMs) return;
    this.#askedAt = clock.now();
    await this.#say({ type: "ask", member, round: local.round });
  }

  async #say(message: Unsigned<Up>, body?: Uint8Array): Promise<void> {
    const { transport, clock, signal, run, signer } = this.#context;
    const data = seal({ ...message, run, from: signer.next() }, body, signer.sign);
    const options = { id: this.#context.newId() };
    await retry(clock, signal, () => transport.publish(Subject.up, data, options));
  }
}
