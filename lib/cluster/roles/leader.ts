/**
 * The leader's part, for as long as its lease lasts: deals the shards of a round to the members that are there, collects
 * the sums of nodes until the tree is complete, and publishes what the round comes to. Shards that do not come in time
 * are dealt again, within the same round, so that its result is the same whoever computed what.
 */
import { createComparison } from "./agreement.ts";
import type { Context } from "./context.ts";
import { deal } from "../rounds/assign_shards.ts";
import { Door } from "./door.ts";
import { Damaged, Malformed, seal } from "../protocol/envelope.ts";
import { Forgetting } from "./forgetting.ts";
import { Deposed, type Lease } from "./lease.ts";
import type { NodeSum } from "../rounds/round_executor.ts";
import type { Member } from "./member.ts";
import { type Down, type Presence, type Unsigned, type Up, type Upload, upSchema } from "../protocol/messages.ts";
import { putObject } from "../protocol/objects.ts";
import { type Read, readLog } from "./read_log.ts";
import { retry } from "../protocol/retry.ts";
import type { Roster } from "./roster.ts";
import { Subject } from "../protocol/transport.ts";
import { completion } from "../../engine/tree_nodes.ts";

/** A base that the log damages so often is damaged here. */
const ATTEMPTS = 10;

/** A member that starts again under its name knows nothing of what it was dealt. */
interface Assignment extends Pick<Presence, "member" | "life"> {
  readonly until: number;
}

export class Leader {
  readonly #context: Context;
  readonly #member: Member;
  readonly #roster: Roster;
  readonly #lease: Lease;
  readonly #term: number;
  readonly #uploads: Read<Up>[] = [];
  #receivedUp = 0;
  /** Objects of uploads that counted, so that one that came twice is not taken for a late one. */
  readonly #counted = new Set<string>();
  /** The round in which each member was last told that it is late: once is enough, however much comes. */
  readonly #refused = new Map<string, number>();
  /** Before this message nobody waits for an answer of this leader. */
  #since = 0;
  /** The newest answer to those who asked. */
  #answeredAt = 0;
  #base: { readonly round: number; readonly bytes: Uint8Array } | undefined;
  readonly #forgetting: Forgetting;
  readonly #isCompared: (round: number, now: number) => boolean;
  #isWaiting = false;

  constructor(context: Context, parts: { member: Member; roster: Roster; lease: Lease; term: number }) {
    this.#context = context;
    this.#forgetting = new Forgetting(context, parts.roster);
    this.#isCompared = createComparison(context.compareEvery);
    this.#member = parts.member;
    this.#roster = parts.roster;
    this.#lease = parts.lease;
    this.#term = parts.term;
  }

  /** Leads until training ends. Throws Deposed when it must not any more. */
  async run(): Promise<void> {
    const { local, transport, clock, signal, report } = this.#context;
    if (!await this.#begin()) return;
    const newest = () => retry(clock, signal, () => transport.newest(Subject.up));
    let end = await newest();
    const from = this.#member.uploadsFrom;
    this.#receivedUp = from - 1;
    const receiving = this.#receive(from);
    receiving.catch(() => {}); // What ends it ends the member's reading too, or this leader.
    // Commits that are there already are not done again.
    while (this.#receivedUp < end) {
      this.#check();
      await this.#member.bell.wait(this.#context.leaseMs / 4, signal);
      end = Math.min(end, await newest()); // Less, where somebody has purged them.
    }
    while (!local.finished) {
      const round = local.round + 1;
      const nodes = await this.#collect(round);
      const base = local.complete(nodes);
      this.#base = { round, bytes: base };
      // Once more where it was damaged in the log. A round is over when all that it decides is decided.
      let begin = 0;
      const compare = this.#isCompared(round, clock.now());
      for (let attempt = 0; local.round < round; attempt++) {
        if (attempt === ATTEMPTS) throw new Error(`The base of round ${round} came back damaged ${ATTEMPTS} times`);
        const { from, sequence } = await this.#publishBase(round, base, compare);
        await this.#until(() => this.#isHeeded(sequence));
        begin = from;
      }
      const sent = nodes.reduce((sum, { bytes }) => sum + bytes.length, base.length);
      if (await this.#forgetting.after(begin, sent)) this.#counted.clear();
    }
    await this.#publishState();
    report({ type: "incident", message: `Training has ended after round ${local.round}` });
  }

  /** Takes over where the log ends: the bases in it are heeded first. Resolves to false if training ended with them. */
  async #begin(): Promise<boolean> {
    const { local, member, report } = this.#context;
    for (;;) {
      await this.#until(() => local.finished || this.#member.heeded === this.#member.received);
      if (local.finished) return false;
      const message = { type: "lead", leader: member, round: local.round } as const;
      const after = this.#member.received;
      const sequence = await this.#publish(message, undefined, after);
      if (sequence === undefined) {
        await this.#until(() => this.#member.received > after);
        continue;
      }
      this.#since = sequence;
      report({ type: "incident", message: `Leads from round ${local.round + 1} on, in term ${this.#term}` });
      await this.#until(() => this.#isHeeded(sequence));
      return true;
    }
  }

  async #receive(from: number): Promise<void> {
    const door = new Door(this.#context, this.#roster, upSchema);
    for await (const read of readLog(this.#context, Subject.up, from, door)) {
      this.#uploads.push(read);
      this.#receivedUp = read.sequence;
      this.#member.bell.ring();
    }
  }

  /** The sums that complete the tree of `round`. */
  async #collect(round: number): Promise<readonly NodeSum[]> {
    const { local, clock, leaseMs, minNodes, roundMs, report } = this.#context;
    const nodes: NodeSum[] = [];
    const assigned = new Map<number, Assignment>();
    let fixed: ReadonlySet<string> | undefined;
    for (;;) {
      await this.#takeUploads(round, nodes);
      const { root, missing } = completion(nodes, local.shards);
      if (root) return nodes;
      const present = this.#players();
      const lives = new Map(present.map(({ member, life }) => [member, life]));
      const now = clock.now();
      const isAtWork = (shard: number) => {
        const hand = assigned.get(shard);
        return hand !== undefined && lives.get(hand.member) === hand.life && now < hand.until;
      };
      const idle = missing.filter((shard) => !isAtWork(shard));
      if (present.length < minNodes) this.#waitFor(present.length);
      else if (idle.length > 0) {
        this.#isWaiting = false;
        // Those who had them and did not bring them get none of them again, if there are others.
        const failed = new Set(idle.map((shard) => assigned.get(shard)?.member));
        const among = [
          present.filter(({ member }) => (fixed?.has(member) ?? true) && !failed.has(member)),
          present.filter(({ member }) => !failed.has(member)),
          present,
        ].find((players) => players.length > 0)!;
        if (fixed) report({ type: "incident", message: `Shards ${idle} of round ${round} are dealt out again` });
        fixed ??= new Set(lives.keys());
        const hands = deal(idle, among, local.groups);
        await this.#say({ type: "deal", round, hands });
        for (const { member, shards } of hands) {
          const hand = { member, life: lives.get(member)!, until: clock.now() + roundMs };
          for (const shard of shards) assigned.set(shard, hand);
        }
      }
      if (this.#uploads.length === 0) await this.#member.bell.wait(leaseMs / 4, this.#context.signal);
      this.#check();
    }
  }

  /** Members that can be dealt shards; this machine, which leads, is one. Who is further trains no round again. */
  #players(): Presence[] {
    const { member, local } = this.#context;
    const mine = this.#member.inStep;
    return this.#roster.present().filter((presence) =>
      presence.member === member ? mine : presence.inStep && presence.round <= local.round
    );
  }

  #waitFor(present: number): void {
    const { minNodes, report, local } = this.#context;
    const ahead = this.#roster.present().find(({ round }) => round > local.round);
    if (ahead) throw new Deposed(`Member ${ahead.member} is further, at round ${ahead.round}`);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    report({ type: "incident", message: `Waiting for members: ${present} of at least ${minNodes} are there` });
  }

  async #takeUploads(round: number, nodes: NodeSum[]): Promise<void> {
    for (let read = this.#uploads.shift(); read; read = this.#uploads.shift()) {
      const { message, sequence, body } = read;
      if (!message || message.type === "here") continue;
      if (message.type === "ask") {
        if (sequence > Math.max(this.#since, this.#answeredAt)) await this.#answer(message.round);
      } else if (message.round === round) {
        await this.#takeUpload(message, body, nodes);
      } else if (message.round < round && sequence > this.#since && !this.#counted.has(message.object.id)) {
        if (this.#refused.get(message.member) === round) continue;
        this.#refused.set(message.member, round);
        await this.#say({ type: "refused", member: message.member, round: message.round, current: round });
      }
      this.#check();
    }
  }

  async #takeUpload(upload: Upload, body: Uint8Array, nodes: NodeSum[]): Promise<void> {
    const { member, round, nodes: spans, from } = upload;
    const { dropped, local } = this.#context;
    this.#counted.add(upload.object.id);
    if (!this.#member.isDealt(round, member, spans)) {
      return dropped.add("not asked for", `an upload of "${member}"`, "it was not dealt these shards");
    }
    const isKnown = upload.nodes.every((span) =>
      nodes.some(({ first, last }) => first === span.first && last === span.last)
    );
    if (isKnown) return; // Came twice, or of two members: the same bits.
    try {
      const bytes = await this.#member.fetch(upload.object, body, from.key);
      let at = 0;
      const sums = spans.map(({ bytes: length, ...span }) => ({ ...span, bytes: bytes.subarray(at, at += length) }));
      for (const sum of sums) local.check(sum);
      nodes.push(...sums);
    } catch (error) {
      if (error instanceof Malformed) return dropped.add("malformed", `an upload of "${member}"`, error.message);
      if (!(error instanceof Damaged)) throw error;
      const { object } = upload;
      this.#context.report({ type: "incident", message: `${error.message}; ${member} is asked for it again` });
      await this.#say({ type: "again", member, round, upload: object.id });
    }
  }

  /** Helps a member on whose state is the one after `round` rounds. */
  async #answer(round: number): Promise<void> {
    const { local } = this.#context;
    if (round >= local.round) return;
    const isOneBehind = this.#base?.round === local.round && round === local.round - 1;
    if (isOneBehind) this.#answeredAt = (await this.#publishBase(local.round, this.#base!.bytes)).sequence;
    else this.#answeredAt = await this.#publishState();
  }

  async #publishBase(round: number, bytes: Uint8Array, compare = false): Promise<{ from: number; sequence: number }> {
    const id = this.#context.newId();
    this.#member.keep(id, bytes);
    const { reference, body } = await putObject(this.#context, id, bytes);
    const sequence = await this.#say({ type: "base", round, object: reference, compare }, body);
    this.#context.traffic.bytesUp += bytes.length;
    return { from: reference.chunks > 0 ? reference.from : sequence, sequence };
  }

  async #publishState(): Promise<number> {
    const { round, digest, bytes } = this.#context.local.snapshot();
    const { reference, body } = await putObject(this.#context, this.#context.newId(), bytes);
    const sequence = await this.#say({ type: "state", round, digest, object: reference }, body);
    this.#forgetting.expectJoining();
    this.#context.traffic.bytesUp += bytes.length;
    return sequence;
  }

  /** Appends to what the leader says, as soon as everything before it is known here. */
  async #say(message: Unsigned<Down>, body?: Uint8Array): Promise<number> {
    for (;;) {
      const after = this.#member.received;
      const sequence = await this.#publish(message, body, after);
      if (sequence !== undefined) {
        await this.#until(() => this.#member.received >= sequence);
        return sequence;
      }
      // Somebody else wrote, or this one before its answer was lost: it will be read.
      await this.#until(() => this.#member.received > after);
    }
  }

  async #publish(message: Unsigned<Down>, body: Uint8Array | undefined, after: number): Promise<number | undefined> {
    const { transport, clock, signal, run, signer } = this.#context;
    const data = seal({ ...message, run, from: signer.next(), term: this.#term }, body, signer.sign);
    const options = { id: this.#context.newId(), after };
    const sequence = await retry(clock, signal, () => {
      this.#check();
      return transport.publish(Subject.down, data, options);
    });
    this.#member.said = sequence ?? after + 1;
    return sequence;
  }

  #isHeeded(sequence: number): boolean {
    return this.#member.heeded >= sequence;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#check();
      await this.#member.bell.wait(this.#context.leaseMs / 4, this.#context.signal);
    }
  }

  #check(): void {
    this.#context.signal.throwIfAborted();
    if (this.#member.term > this.#term) throw new Deposed(`Another leader speaks in term ${this.#member.term}`);
    if (!this.#lease.isHeld) throw new Deposed("The lease is over");
  }
}
