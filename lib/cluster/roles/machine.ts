/**
 * One machine of a run: shows itself, heeds the log as a member, and leads when the lease falls to it. When the broker
 * comes back without its store, everything begins again from the state that the machine has.
 */
import { Agreement, compareEnds } from "./agreement.ts";
import { TrainingError } from "../../base/errors.ts";
import { Away } from "./away.ts";
import { type Clock, wallClock } from "../protocol/clock.ts";
import { type ClusterView, machineSchema } from "../../base/events.ts";
import { type Claim, claimAgain, claimedId, claimRun, RUN } from "./check_same_run.ts";
import type { ClusterNews, ClusterOptions, Context, Traffic } from "./context.ts";
import { Dropped } from "../protocol/dropped.ts";
import { Incidents } from "./incidents.ts";
import { Leading, LONGEST_REST } from "./leading.ts";
import { holderOf, LEASE, Lease } from "./lease.ts";
import type { LocalShards } from "../rounds/round_executor.ts";
import { Member } from "./member.ts";
import type { Presence } from "../protocol/messages.ts";
import { retry } from "../protocol/retry.ts";
import { Roster } from "./roster.ts";
import { Signer } from "../protocol/signer.ts";
import { type Entry, type Registers, StoreLost, Subject, type Transport, Unreachable } from "../protocol/transport.ts";

export interface MachineOptions extends ClusterOptions {
  readonly transport: Transport;
  readonly local: LocalShards;
  /** The run's name, and what it claims that name for. */
  readonly run: string;
  readonly claim: Claim;
  /** Distinguishes this process from others that had this name before. */
  readonly life: string;
  readonly clock?: Clock;
  readonly report?: (news: ClusterNews) => void;
}

interface Parts {
  readonly member: Member;
  readonly roster: Roster;
  readonly lease: Lease;
  readonly leading: Leading;
}

/** Looks at the registers, and beats, in the time of a lease. */
const LOOKS = 5;
/** Leases without any member in step after which one that is not may lead. */
const FORLORN_LEASES = 3;
/** Leases after which others are not believed that they have the newest state: who has it would have led by then. */
const BELIEVED_LEASES = LONGEST_REST + 2;
/** Losses of the store, without a round between, after which it is not begun anew. */
const MOST_LOSSES = 20;

export class Machine {
  readonly #options: MachineOptions;
  readonly #clock: Clock;
  /** What this machine sent and read so far. */
  readonly traffic: Traffic;
  #member: Member | undefined;
  #roster: Roster | undefined;
  #beat = 0;
  #sessions = 0;
  #messages = 0;
  #told = "";
  readonly #incidents: Incidents;
  readonly #agreement: Agreement;
  readonly #signer: Signer;
  readonly #away: Away;
  readonly #dropped = new Dropped((message) => this.#report({ type: "incident", message }));

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#incidents = new Incidents(options.local.round === 0);
    this.#signer = new Signer(options.member);
    this.#agreement = new Agreement(options.member, options.leaseMs);
    this.#away = new Away(options.leaseMs, (message) => this.#report({ type: "incident", message }));
    this.traffic = { bytesUp: 0, bytesDown: 0, computeMs: 0, startedAt: this.#clock.now() };
  }

  /** Takes part until training ends, or until `signal` aborts; then the others need not wait for this one. */
  async run(signal: AbortSignal): Promise<void> {
    const { local } = this.#options;
    let losses = 0;
    for (let { round } = local; !local.finished && !signal.aborted; round = local.round) {
      try {
        await this.#session(signal);
      } catch (error) {
        if (!(error instanceof StoreLost)) {
          if (signal.aborted) return;
          throw error;
        }
        losses = local.round > round ? 0 : losses + 1;
        if (losses === MOST_LOSSES) {
          throw new TrainingError(`${error.message}, ${losses} times without a round between`);
        }
        this.#report({ type: "incident", message: `${error.message}; goes on from the state after ${local.round}` });
      }
    }
  }

  /** Who is there, what they do and who leads, as far as this machine knows. */
  view(): ClusterView {
    const { run, member, local } = this.#options;
    const { leader = "" } = this.#member ?? {};
    const members = (this.#roster?.present() ?? []).map((presence) => ({
      ...machineSchema.parse(presence),
      incident: presence.recent.at(-1) ?? "",
    }));
    return { name: run, member, leader, round: local.round, members, dropped: this.#dropped.counts };
  }

  /** Lets the others know of something that happened on this machine outside of the protocol. */
  tell(incident: string): void {
    this.#incidents.add(incident);
  }

  /** From joining to the end of training, to the abort of `outer`, or to the loss of the broker's store. */
  async #session(outer: AbortSignal): Promise<void> {
    const { transport, leaseMs, member: name } = this.#options;
    const clock = this.#clock;
    const stop = new AbortController();
    const forward = () => stop.abort(outer.reason);
    outer.addEventListener("abort", forward);
    if (outer.aborted) forward();
    const report = (news: ClusterNews) => this.#report(news);
    const parts = { traffic: this.traffic, agreement: this.#agreement, signer: this.#signer, dropped: this.#dropped };
    const shared = { ...parts, run: await this.#claimedRun(stop.signal) };
    const newId = () => `${name}.${this.#options.life}.${this.#messages++}`;
    const context: Context = { ...this.#options, clock, report, signal: stop.signal, newId, ...shared };
    this.#sessions++;
    const roster = new Roster(context);
    const member = new Member(context, roster);
    const lease = new Lease({ transport, clock, holder: name, leaseMs });
    const leading = new Leading(context, { member, roster, lease });
    [this.#member, this.#roster] = [member, roster];
    const looking = this.#look(context, { member, roster, lease, leading });
    // Each wait is one for these as well: none outlives the log, the registers, or the leader.
    const ending = Promise.race([looking, member.failed, leading.failed]);
    ending.catch(() => {}); // It is raced below, or ends with the signal.
    try {
      await Promise.race([member.run(), ending]);
      // A leader has something to say after the end.
      await Promise.race([leading.ended(), ending]);
      if (context.local.finished && !stop.signal.aborted) {
        await Promise.race([this.#compareEnds(context, roster), ending]);
      }
    } finally {
      stop.abort();
      outer.removeEventListener("abort", forward);
      member.bell.ring();
      // What it has asked the broker is answered.
      await looking.catch(() => {});
      await leading.quiet();
      await this.#leave(roster, lease);
    }
  }

  /** Beats, looks who is there, and leads when the lease falls to this machine. */
  async #look(context: Context, { member, roster, lease, leading }: Parts): Promise<void> {
    const { transport, clock, signal, local, leaseMs } = context;
    let inStepAt = clock.now();
    let takenAt = clock.now();
    let checkedAt = clock.now();
    // Who comes with a state waits until those have shown themselves who may be further.
    const candidateFrom = local.round > 0 ? clock.now() + leaseMs : 0;
    while (!signal.aborted) {
      // At once: on a slow link each answer takes its time, and who is not seen for a lease counts as gone.
      const showing = retry(clock, signal, () => roster.show(this.#presence()));
      showing.catch(() => {}); // It is awaited below.
      const asking = retry(clock, signal, () => transport.registers(roster.known()), this.#away.miss);
      const registers = await asking.finally(() => showing);
      this.#away.answered();
      await this.#checkClaim(context, registers.entries.get(RUN));
      if (clock.now() - checkedAt >= leaseMs) {
        checkedAt = clock.now();
        await this.#checkLog(context, member);
      }
      this.#see(roster, registers);
      this.#tell();
      const others = roster.present().filter((presence) => presence.member !== context.member);
      for (const other of others) {
        const { member } = other;
        for (const message of this.#incidents.hear(other)) {
          this.#options.report?.({ type: "incident", message, member });
        }
      }
      const entry = registers.entries.get(LEASE);
      const isFree = !leading.isOn && lease.isFree(entry);
      if (!isFree) takenAt = clock.now();
      const isBelieved = clock.now() - takenAt < BELIEVED_LEASES * leaseMs;
      if (member.inStep || isBelieved && others.some((presence) => presence.inStep)) inStepAt = clock.now();
      if (!leading.isOn && !local.finished) {
        const isForlorn = clock.now() - inStepAt > FORLORN_LEASES * leaseMs;
        const isNewest = !isBelieved || others.every(({ round }) => round <= local.round);
        const isFit = (member.inStep || isForlorn) && isNewest;
        const isCandidate = isFit && clock.now() >= candidateFrom && !leading.isResting;
        if (isFree && isCandidate) {
          const term = await retry(clock, signal, () => lease.take(entry));
          const before = entry ? holderOf(entry.value) : "";
          // Who let the lease pass is dealt nothing before it is heard of again.
          if (term !== undefined && before !== context.member) roster.miss(before);
          if (term !== undefined) leading.start(term);
        }
        await member.remind(roster.isCrowded);
      }
      await clock.sleep(leaseMs / LOOKS, signal);
    }
  }

  /** Throws StoreLost if the run's name is claimed no more, or for another run. Claims it again where it is garbage. */
  async #checkClaim({ transport, clock, signal, run, dropped }: Context, entry: Entry | undefined): Promise<void> {
    const id = entry && claimedId(entry);
    if (!entry || id !== undefined && id !== run) throw new StoreLost("The broker's registers are others than before");
    if (id === run) return;
    dropped.add("malformed", `register "${RUN}"`, "it is no claim of Lockstep, and is written again");
    await retry(clock, signal, () => claimAgain(transport, this.#options.claim, run, entry));
  }

  /** Throws StoreLost if messages are gone that nobody of the run has dropped: the newest base always stays. */
  async #checkLog({ transport, clock, signal }: Context, { received, said }: Member): Promise<void> {
    const newest = await retry(clock, signal, () => transport.newest(Subject.down));
    if (newest < Math.max(received, said)) {
      throw new StoreLost("Messages of the broker's log are gone: somebody has purged it");
    }
  }

  /** The run's id; claimed anew where a broker has lost it. */
  #claimedRun(signal: AbortSignal): Promise<string> {
    const { transport, run, claim } = this.#options;
    return retry(this.#clock, signal, () => claimRun(transport, run, claim));
  }

  #see(roster: Roster, registers: Registers): void {
    roster.see(registers);
    const others = roster.present().filter(({ inStep, member }) => inStep && member !== this.#options.member);
    this.#agreement.check(roster.news(), others, this.#clock.now());
  }

  /** Shows the digest that training ended with, and waits for those of the others that end with it. */
  async #compareEnds(context: Context, roster: Roster): Promise<void> {
    const { transport, clock, signal } = context;
    await compareEnds(context, async () => {
      const registers = await retry(clock, signal, async () => {
        await roster.show(this.#presence());
        return await transport.registers(roster.known());
      });
      this.#see(roster, registers);
      return roster.present();
    });
  }

  /** Says that this machine leaves; nobody waits for it then. It may not get through any more. */
  async #leave(roster: Roster, lease: Lease): Promise<void> {
    try {
      await roster.show({ ...this.#presence(), beat: -1, inStep: false });
      await lease.release();
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof StoreLost)) throw error;
    }
  }

  #presence(): Omit<Presence, "earlier"> {
    const { member, life, workers, local } = this.#options;
    const { bytesUp, bytesDown, computeMs, startedAt } = this.traffic;
    const compute = Math.min(1, computeMs / Math.max(1, this.#clock.now() - startedAt));
    const inStep = this.#member?.inStep ?? false;
    const shares = { compute, wait: 1 - compute };
    const beat = this.#beat++;
    return {
      member,
      // What it was dealt before the store was lost, it knows nothing of.
      life: `${life}.${this.#sessions}`,
      key: this.#signer.key,
      beat,
      workers,
      round: local.round,
      inStep,
      bytesUp,
      bytesDown,
      ...shares,
      ...this.#incidents.shown(),
      ...this.#agreement.shown(),
    };
  }

  /** Tells who is there whenever that changes. */
  #tell(): void {
    const { leader, round, members } = this.view();
    const names = members.map(({ member }) => member);
    const told = [leader, ...names].join();
    if (told !== this.#told) this.#report({ type: "members", members: names, leader, round });
    this.#told = told;
  }

  #report(news: ClusterNews): void {
    if (news.type === "incident") this.#incidents.add(news.message);
    this.#options.report?.(news);
  }
}
