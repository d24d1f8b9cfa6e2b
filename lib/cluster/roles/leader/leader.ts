/** The leader collects the sums of each round, and publishes its result as the base of the next one. */
import { type Up, upSchema } from "../../protocol/messages.ts";
import { putObject } from "../../protocol/objects.ts";
import { retry } from "../../protocol/retry.ts";
import { Subject } from "../../protocol/transport.ts";
import { createComparison } from "../agreement.ts";
import type { Context } from "../context.ts";
import { LeaderLog } from "./leader_log.ts";
import type { Lease } from "../lease.ts";
import { LogQueue } from "../log_queue.ts";
import { LogTrimmer } from "./log_trimmer.ts";
import type { Member } from "../member.ts";
import type { Roster } from "../roster.ts";
import { RoundCollector } from "./round_collector.ts";
import { Verifier } from "../verifier.ts";

/** A base that comes back damaged so often is damaged on this machine. */
const ATTEMPTS = 10;

export class Leader {
  readonly #context: Context;
  readonly #member: Member;
  readonly #roster: Roster;
  readonly #log: LeaderLog;
  readonly #trimmer: LogTrimmer;
  readonly #isCompared: ReturnType<typeof createComparison>;
  /** The sequence of the newest answer to a member, at first of the first message. */
  #answeredAt = 0;
  #base: { readonly round: number; readonly bytes: Uint8Array } | undefined;

  constructor(context: Context, parts: { member: Member; roster: Roster; lease: Lease; term: number }) {
    this.#context = context;
    this.#member = parts.member;
    this.#roster = parts.roster;
    this.#log = new LeaderLog(context, parts);
    this.#trimmer = new LogTrimmer(context, parts.roster);
    this.#isCompared = createComparison(context.compareEvery);
  }

  /** Leads until training ends. Throws Deposed if it may not lead any more. */
  async run(): Promise<void> {
    const { local } = this.#context;
    const since = await this.#begin();
    if (since === undefined) return;
    this.#answeredAt = since;
    const collector = new RoundCollector(this.#context, {
      member: this.#member,
      roster: this.#roster,
      log: this.#log,
      uploads: await this.#receiveUploads(),
      since,
      answer: (sequence, round) => this.#answer(sequence, round),
    });
    while (!local.finished) await this.#lead(collector);
    await this.#publishState();
  }

  /**
   * Applies all messages of the log first, and then takes over. Resolves to the sequence of its first message, or to
   * undefined if training has ended.
   */
  async #begin(): Promise<number | undefined> {
    const { local, member, report } = this.#context;
    const { log } = this.#member;
    for (;;) {
      await this.#log.until(() => local.finished || this.#member.applied === log.received);
      if (local.finished) return undefined;
      const after = log.received;
      const sequence = await this.#log.tryAppend({ type: "lead", leader: member, round: local.round });
      if (sequence === undefined) {
        await this.#log.until(() => log.received > after);
        continue;
      }
      report(`Leads from round ${local.round + 1} on, in term ${this.#log.term}`);
      await this.#log.applied(sequence);
      return sequence;
    }
  }

  /** Receives uploads. Waits for those that the log already has, so that their shards are not assigned again. */
  async #receiveUploads(): Promise<LogQueue<Up>> {
    const { transport, clock, signal } = this.#context;
    const newest = () => retry(clock, signal, () => transport.newest(Subject.up));
    let end = await newest();
    const verifier = new Verifier(this.#context, this.#roster, upSchema);
    const uploads = new LogQueue(this.#context, verifier, this.#member.notifier);
    const receiving = uploads.receive(Subject.up, this.#member.uploadsFrom);
    receiving.catch(() => {}); // The same error ends the member's log or this leader.
    while (uploads.received < end) {
      this.#log.check();
      await this.#log.wait();
      end = Math.min(end, await newest()); // A purge makes it lower.
    }
    return uploads;
  }

  /** Leads one round. */
  async #lead(collector: RoundCollector): Promise<void> {
    const { local, clock } = this.#context;
    const round = local.round + 1;
    const nodes = await collector.collect(round);
    const bytes = local.complete(nodes);
    this.#base = { round, bytes };
    const compare = this.#isCompared(round, clock.now());
    // Publishes the base again if the log has damaged it. The round is over when this machine has committed it.
    let begin = 0;
    for (let attempt = 0; local.round < round; attempt++) {
      if (attempt === ATTEMPTS) throw new Error(`The base of round ${round} came back damaged ${ATTEMPTS} times`);
      const { from, sequence } = await this.#publishBase(round, bytes, compare);
      await this.#log.applied(sequence);
      begin = from;
    }
    const sent = nodes.reduce((sum, { bytes }) => sum + bytes.length, bytes.length);
    if (await this.#trimmer.afterRound(begin, sent)) collector.clearAccepted();
  }

  /** Answers the question at `sequence` of a member with the state after `round` rounds, unless it came before an answer. */
  async #answer(sequence: number, round: number): Promise<void> {
    const { local } = this.#context;
    if (sequence <= this.#answeredAt || round >= local.round) return;
    const isOneBehind = this.#base?.round === local.round && round === local.round - 1;
    if (isOneBehind) this.#answeredAt = (await this.#publishBase(local.round, this.#base!.bytes)).sequence;
    else this.#answeredAt = await this.#publishState();
  }

  async #publishBase(round: number, bytes: Uint8Array, compare = false): Promise<{ from: number; sequence: number }> {
    const { reference, body } = await this.#member.objects.put(bytes);
    const sequence = await this.#log.append({ type: "base", round, object: reference, compare }, body);
    this.#context.traffic.bytesUp += bytes.length;
    return { from: reference.chunks > 0 ? reference.from : sequence, sequence };
  }

  async #publishState(): Promise<number> {
    const { local, newId, traffic } = this.#context;
    const { round, digest, bytes } = local.snapshot();
    const { reference, body } = await putObject(this.#context, newId(), bytes);
    const sequence = await this.#log.append({ type: "state", round, digest, object: reference }, body);
    this.#trimmer.expectJoining();
    traffic.bytesUp += bytes.length;
    return sequence;
  }
}
