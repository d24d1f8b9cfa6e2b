/**
 * A session of a machine: it joins, writes its register, follows the log as a member, and leads if it gets the lease. It
 * ends with training, with the abort of its signal, or with the loss of the broker's store.
 */
import { LinkedAbort } from "../protocol/clock.ts";
import type { Presence } from "../protocol/messages.ts";
import { retry } from "../protocol/retry.ts";
import { type Entry, type Registers, StoreLost, Subject, Unreachable } from "../protocol/transport.ts";
import { type Claim, claimedId, repairClaim, RUN } from "./check_same_run.ts";
import type { Context } from "./context.ts";
import type { Incidents } from "./incidents.ts";
import { Leadership } from "./leader/leadership.ts";
import { LEASE, Lease } from "./lease.ts";
import { Member } from "./member.ts";
import type { Outage } from "./outage.ts";
import { Roster } from "./roster.ts";

interface SessionOptions extends Context {
  readonly claim: Claim;
  /** Distinguishes this session from earlier ones of the same name: it does not know their assignments. */
  readonly life: string;
  readonly incidents: Incidents;
  readonly outage: Outage;
  /** Called when the leader or the present members have changed. */
  readonly membersChanged?: () => void;
}

/** Scans of the registers per lease; this machine writes its own as often. */
const SCANS = 5;
/** Leases that this machine waits for others after training, and scans per lease then. */
const END_LEASES = 3;
const END_SCANS = 20;

export class Session {
  readonly #context: SessionOptions;
  readonly #stop: LinkedAbort;
  readonly #roster: Roster;
  readonly #member: Member;
  readonly #lease: Lease;
  readonly #leadership: Leadership;
  #beat = 0;
  #reportedMembers = "";

  /** Ends when the signal of `options` aborts. */
  constructor(options: SessionOptions) {
    this.#stop = new LinkedAbort(options.signal);
    this.#context = { ...options, signal: this.#stop.signal };
    const { transport, clock, member, leaseMs } = options;
    this.#roster = new Roster(this.#context);
    this.#member = new Member(this.#context, this.#roster);
    this.#lease = new Lease({ transport, clock, holder: member, leaseMs });
    const parts = { member: this.#member, roster: this.#roster, lease: this.#lease };
    this.#leadership = new Leadership(this.#context, parts);
  }

  get leader(): string {
    return this.#member.leader;
  }

  /** Returns the present members, by name. */
  present(): Presence[] {
    return this.#roster.present();
  }

  async run(): Promise<void> {
    using stop = this.#stop;
    const { local } = this.#context;
    const scanning = this.#scanAll();
    // No wait below outlives the log, the registers or the leader.
    const failing = Promise.race([scanning, this.#member.failed, this.#leadership.failed]);
    failing.catch(() => {}); // It is raced below, or ends with the signal.
    try {
      await Promise.race([this.#member.run(), failing]);
      // A leader publishes the final state.
      await Promise.race([this.#leadership.ended(), failing]);
      if (local.finished && !stop.signal.aborted) await Promise.race([this.#compareEnds(), failing]);
    } finally {
      stop.abort();
      // Waits for the answers to all requests.
      await scanning.catch(() => {});
      await this.#leadership.renewalEnded();
      await this.#leave();
    }
  }

  /** Writes the register of this machine, reads those of the others, and leads if the lease is free. */
  async #scanAll(): Promise<void> {
    const { transport, clock, signal, local, leaseMs, outage } = this.#context;
    let checkedAt = clock.now();
    while (!signal.aborted) {
      // Sends both requests at once: on a slow link answers take long, and a member counts as gone after a lease.
      const writing = retry(clock, signal, () => this.#roster.write(this.#presence()));
      writing.catch(() => {}); // It is awaited below.
      const reading = retry(clock, signal, () => transport.registers(this.#roster.keysToRead()), outage.failed);
      const registers = await reading.finally(() => writing);
      outage.answered();
      await this.#checkClaim(registers.entries.get(RUN));
      if (clock.now() - checkedAt >= leaseMs) {
        checkedAt = clock.now();
        await this.#checkLog();
      }
      this.#update(registers);
      this.#reportMembers();
      this.#reportIncidents();
      const mayRemind = !this.#leadership.isActive && !local.finished;
      await this.#leadership.consider(registers.entries.get(LEASE));
      if (mayRemind) await this.#member.remind(this.#roster.isCrowded);
      await clock.sleep(leaseMs / SCANS, signal);
    }
  }

  /** Throws StoreLost if the claim of the run's name is missing or of another run. Repairs an invalid one. */
  async #checkClaim(entry: Entry | undefined): Promise<void> {
    const { transport, clock, signal, run, dropped, claim } = this.#context;
    const id = entry && claimedId(entry);
    if (!entry || id !== undefined && id !== run) {
      throw new StoreLost("The broker's registers are new or of another run");
    }
    if (id === run) return;
    dropped.add("malformed", `register "${RUN}"`, "it is not a claim of Lockstep. Writing it again");
    await retry(clock, signal, () => repairClaim(transport, claim, run, entry));
  }

  /** Throws StoreLost if messages are gone that the run has not trimmed: the newest base always stays. */
  async #checkLog(): Promise<void> {
    const { transport, clock, signal } = this.#context;
    const { log, published } = this.#member;
    const expected = Math.max(log.received, published);
    const newest = await retry(clock, signal, () => transport.newest(Subject.down));
    if (newest < expected) throw new StoreLost("Messages of the broker's log are gone: another client has purged it");
  }

  #update(registers: Registers): void {
    const { agreement, member, clock } = this.#context;
    this.#roster.updateAll(registers);
    const others = this.present().filter((presence) => presence.inStep && presence.member !== member);
    agreement.check(this.#roster.sinceJoining(), others, clock.now());
  }

  #reportMembers(): void {
    const current = [this.leader, ...this.present().map(({ member }) => member)].join();
    if (current !== this.#reportedMembers) this.#context.membersChanged?.();
    this.#reportedMembers = current;
  }

  #reportIncidents(): void {
    const { incidents, report, member: own } = this.#context;
    for (const presence of this.present()) {
      const { member } = presence;
      if (member === own) continue;
      for (const message of incidents.take(presence)) report(message, member);
    }
  }

  /** Shows the digest of the final state, and waits for those of the members that end with it, but only a few leases. */
  async #compareEnds(): Promise<void> {
    const { transport, clock, signal, local, agreement, leaseMs, member } = this.#context;
    const own = local.stateDigest();
    agreement.add(own);
    const until = clock.now() + END_LEASES * leaseMs;
    do {
      const registers = await retry(clock, signal, async () => {
        await this.#roster.write(this.#presence());
        return await transport.registers(this.#roster.keysToRead());
      });
      this.#update(registers);
      const isAwaited = this.present().some((other) =>
        other.member !== member && other.inStep && other.digests.every(({ round }) => round < own.round)
      );
      if (!isAwaited) return;
      await clock.sleep(leaseMs / END_SCANS, signal);
    } while (clock.now() < until && !signal.aborted);
  }

  /** Tells the others that this machine leaves, so that they do not wait for it. Ignores a broker that does not answer. */
  async #leave(): Promise<void> {
    try {
      await this.#roster.write({ ...this.#presence(), beat: -1, inStep: false });
      await this.#lease.release();
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof StoreLost)) throw error;
    }
  }

  #presence(): Omit<Presence, "earlier"> {
    const { member, life, workers, local, signer, incidents, agreement, traffic, clock } = this.#context;
    const { bytesUp, bytesDown, computeMs, startedAt } = traffic;
    const compute = Math.min(1, computeMs / Math.max(1, clock.now() - startedAt));
    return {
      member,
      life,
      key: signer.key,
      beat: this.#beat++,
      workers,
      round: local.round,
      inStep: this.#member.inStep,
      bytesUp,
      bytesDown,
      compute,
      wait: 1 - compute,
      ...incidents.shown(),
      ...agreement.shown(),
    };
  }
}
