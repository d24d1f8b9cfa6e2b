/**
 * Collects the sums of a round: assigns its shards to the present members, and takes their uploads until the tree is
 * complete. Shards that do not come in time are assigned again within the round, so its result does not depend on who
 * computes them.
 */
import { completion } from "../../../engine/tree_nodes.ts";
import { Damaged, Malformed } from "../../protocol/envelope.ts";
import type { Presence, Up, Upload } from "../../protocol/messages.ts";
import { deal } from "../../rounds/assign_shards.ts";
import type { NodeSum } from "../../rounds/local_shards.ts";
import type { Context } from "../context.ts";
import type { LeaderLog } from "./leader_log.ts";
import { Deposed } from "../lease.ts";
import type { LogQueue } from "../log_queue.ts";
import type { Member } from "../member.ts";
import type { Roster } from "../roster.ts";

interface CollectorParts {
  readonly member: Member;
  readonly roster: Roster;
  readonly log: LeaderLog;
  readonly uploads: LogQueue<Up>;
  /** The sequence of the message with which the leader began. It refuses no earlier uploads. */
  readonly since: number;
  /** Answers the question at `sequence` of a member with the state after `round` rounds. */
  readonly answer: (sequence: number, round: number) => Promise<void>;
}

/** A member restarted under its name has another life, and does not know its earlier assignments. */
interface Assignee extends Pick<Presence, "member" | "life"> {
  readonly until: number;
}

interface Round {
  readonly round: number;
  readonly nodes: NodeSum[];
  /** By shard. */
  readonly assignees: Map<number, Assignee>;
  /** The present members at the first assignment. */
  members: ReadonlySet<string> | undefined;
}

export class RoundCollector {
  readonly #context: Context;
  readonly #parts: CollectorParts;
  /** Ids of accepted uploads. A duplicate of them is not late. */
  readonly #accepted = new Set<string>();
  /** The round in which each member was last refused: once per round is enough. */
  readonly #refused = new Map<string, number>();
  #isWaiting = false;

  constructor(context: Context, parts: CollectorParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Resolves to the sums that complete the tree of `round`. */
  async collect(round: number): Promise<readonly NodeSum[]> {
    const { log, uploads } = this.#parts;
    const state: Round = { round, nodes: [], assignees: new Map(), members: undefined };
    for (;;) {
      await this.#takeUploads(state);
      const { root, missing } = completion(state.nodes, this.#context.local.shards);
      if (root) return state.nodes;
      await this.#assign(state, missing);
      if (uploads.entries.length === 0) await log.wait();
      log.check();
    }
  }

  /** Drops the ids of accepted uploads, which the log does not have any more. */
  clearAccepted(): void {
    this.#accepted.clear();
  }

  /** Assigns those of the `missing` shards that no member is training. */
  async #assign(state: Round, missing: readonly number[]): Promise<void> {
    const { local, clock, minNodes, roundMs, report } = this.#context;
    const { round, assignees } = state;
    const present = this.#participants();
    if (present.length < minNodes) return this.#waitForMembers(present.length);
    const lives = new Map(present.map(({ member, life }) => [member, life]));
    const now = clock.now();
    const idle = missing.filter((shard) => {
      const assignee = assignees.get(shard);
      return !assignee || lives.get(assignee.member) !== assignee.life || now >= assignee.until;
    });
    if (idle.length === 0) return;
    this.#isWaiting = false;
    // Members that failed to send these shards get none of them again if there are others.
    const failed = new Set(idle.map((shard) => assignees.get(shard)?.member));
    const among = [
      present.filter(({ member }) => (state.members?.has(member) ?? true) && !failed.has(member)),
      present.filter(({ member }) => !failed.has(member)),
      present,
    ].find((participants) => participants.length > 0)!;
    if (state.members) report(`Shards ${idle} of round ${round} are assigned again`);
    state.members ??= new Set(lives.keys());
    const hands = deal(idle, among, local.groups);
    await this.#parts.log.append({ type: "deal", round, hands });
    for (const { member, shards } of hands) {
      const assignee = { member, life: lives.get(member)!, until: clock.now() + roundMs };
      for (const shard of shards) assignees.set(shard, assignee);
    }
  }

  /** Returns the members that can train shards, with this machine. Members in later rounds do not repeat rounds. */
  #participants(): Presence[] {
    const { member: own, local } = this.#context;
    const { roster, member } = this.#parts;
    return roster.present().filter((presence) =>
      presence.member === own ? member.inStep : presence.inStep && presence.round <= local.round
    );
  }

  #waitForMembers(present: number): void {
    const { minNodes, report, local } = this.#context;
    const ahead = this.#parts.roster.present().find(({ round }) => round > local.round);
    if (ahead) throw new Deposed(`Member ${ahead.member} is ahead, at round ${ahead.round}`);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    report(`Waiting for members: ${present} of at least ${minNodes} are present`);
  }

  async #takeUploads(state: Round): Promise<void> {
    const { log, uploads, since, answer } = this.#parts;
    const { round } = state;
    for (let entry = uploads.entries.shift(); entry; entry = uploads.entries.shift()) {
      const { message, sequence, body } = entry;
      if (!message || message.type === "here") continue;
      if (message.type === "ask") {
        await answer(sequence, message.round);
      } else if (message.round === round) {
        await this.#takeUpload(state, message, body);
      } else if (message.round < round && sequence > since && !this.#accepted.has(message.object.id)) {
        if (this.#refused.get(message.member) === round) continue;
        this.#refused.set(message.member, round);
        await log.append({ type: "refused", member: message.member, round: message.round, current: round });
      }
      log.check();
    }
  }

  async #takeUpload({ nodes }: Round, upload: Upload, body: Uint8Array): Promise<void> {
    const { member, round, nodes: spans, object, from } = upload;
    const { dropped, local, report } = this.#context;
    this.#accepted.add(object.id);
    if (!this.#parts.member.dealt.includes(round, member, spans)) {
      return dropped.add("not asked for", `an upload of "${member}"`, "it did not get these shards");
    }
    const isKnown = spans.every((span) => nodes.some(({ first, last }) => first === span.first && last === span.last));
    if (isKnown) return; // A duplicate, or from a second member: the bits are the same.
    try {
      const bytes = await this.#parts.member.objects.get(object, body, from.key);
      let at = 0;
      const sums = spans.map(({ bytes: length, ...span }) => ({ ...span, bytes: bytes.subarray(at, at += length) }));
      for (const sum of sums) local.check(sum);
      nodes.push(...sums);
    } catch (error) {
      if (error instanceof Malformed) return dropped.add("malformed", `an upload of "${member}"`, error.message);
      if (!(error instanceof Damaged)) throw error;
      report(`${error.message}. Requesting it again from ${member}`);
      await this.#parts.log.append({ type: "again", member, round, upload: object.id });
    }
  }
}
