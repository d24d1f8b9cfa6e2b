/**
 * A broker within one process, for tests and simulations: the same log and registers, with faults on demand. Everything
 * that it draws is a function of its seed and of the order of calls.
 */
import { Random, Stream } from "../../../lib/base/random.ts";
import type { Clock } from "../../../lib/cluster/protocol/clock.ts";
import { MOST_OTHERS, Turn } from "../../../lib/cluster/protocol/register.ts";
import {
  type Entry,
  isRegister,
  type Limits,
  type LogMessage,
  type PublishOptions,
  READ_AHEAD,
  type Registers,
  StoreLost,
  type Transport,
  Unreachable,
} from "../../../lib/cluster/protocol/transport.ts";

/** Probabilities, for each message or call, of what can go wrong. */
export interface Faults {
  /** A call is lost on its way, or its answer is. */
  readonly loss: number;
  /** A message is stored twice, as after a window of duplicates that is too short. */
  readonly duplicate: number;
  /** One bit of a message is flipped on its way to a reader. */
  readonly corrupt: number;
  /** One bit of a message is flipped before it is stored. */
  readonly spoil: number;
  /** Least and most milliseconds that a call takes, each way. Calls under way overtake each other. */
  readonly delayMs: readonly [number, number];
  /** The link of each client. Without one, bytes take no time. */
  readonly link?: Link;
}

/** A link as a router with a queue makes it: what does not fit into the queue waits at the sender, each connection by itself. */
export interface Link {
  /** Each way. */
  readonly bytesPerMs: number;
  /** Bytes on their way that everything waits behind, of whatever connection. */
  readonly queueBytes: number;
}

export const NO_FAULTS: Faults = { loss: 0, duplicate: 0, corrupt: 0, spoil: 0, delayMs: [0, 0] };

/** How long a call without an answer is waited for. */
const TIMEOUT_MS = 500;

/** Bytes around a message, and of a call without one. */
const OVERHEAD = 200;

/** The connections of a client: what waits at the sender of one holds up that one alone. */
type Lane = "reading" | "writing" | "registers";

interface Stored extends LogMessage {
  readonly id: string;
}

export class MemoryBroker {
  faults: Faults;
  limits: Limits = { maxPayload: 2 ** 20, maxBytes: Infinity };
  /** Bytes published and delivered so far. */
  readonly bytes = { published: 0, delivered: 0 };
  readonly #clock: Clock;
  readonly #random: Random;
  #log: Stored[] = [];
  #sequence = 0;
  #ids = new Map<string, number>();
  #registers = new Map<string, Entry>();
  #revision = 0;
  #generation = 0;
  #waiting = new Set<() => void>();
  #cut = new Set<string>();
  #down = false;
  /** By client, direction and lane: when the last byte that was sent is there. */
  readonly #busy = new Map<string, number>();

  constructor(clock: Clock, seed = 1, faults: Faults = NO_FAULTS) {
    this.#clock = clock;
    this.#random = new Random(seed, Stream.chaos);
    this.faults = faults;
  }

  /** The way of `client` to this broker. */
  connect(client: string): Transport {
    let generation: number | undefined;
    const turn = new Turn();
    const call = async <Result>(work: () => Result, lane: Lane = "registers", bytes = 0): Promise<Result> => {
      await this.#cross(client, "up", lane, bytes);
      await this.#travel(client);
      generation ??= this.#generation;
      const result = work();
      await this.#travel(client);
      await this.#cross(client, "down", lane, 0);
      return result;
    };
    return {
      limits: () => call(() => this.limits),
      publish: (subject, data, options) => call(() => this.#publish(subject, data, options), "writing", data.length),
      read: (subject, from, signal) => this.#read(client, subject, from, signal, this.#generation),
      newest: (subject) => call(() => this.#log.findLast((message) => message.subject === subject)?.sequence ?? 0),
      forget: (sequence) => call(() => void (this.#log = this.#log.filter((message) => message.sequence >= sequence))),
      write: (key, value, revision) => call(() => this.#write(key, value, revision), "registers", value.length),
      register: (key) => call(() => this.#registers.get(key)),
      registers: (known) => call(() => this.#some(known, turn)),
      close: () => Promise.resolve(),
    };
  }

  /** Cuts the ways of `clients`, and of nobody else. */
  cut(...clients: readonly string[]): void {
    this.#cut = new Set(clients);
    this.#wakeReaders();
  }

  /** Nobody gets through until `restart`. */
  stop(): void {
    this.#down = true;
  }

  /** Comes back, with its store or with an empty one. */
  restart(keepStore: boolean): void {
    this.#down = false;
    if (!keepStore) {
      this.#log = [];
      this.#sequence = 0;
      this.#ids.clear();
      this.#registers.clear();
      this.#generation++;
    }
    this.#wakeReaders();
  }

  /** Somebody drops all messages of a subject, or all. */
  purge(subject?: string): void {
    this.#log = this.#log.filter((message) => subject !== undefined && message.subject !== subject);
  }

  /** Somebody removes all registers, whose revisions begin again. */
  loseRegisters(): void {
    this.#registers.clear();
    this.#revision = 0;
  }

  /** What the log holds, for tests that look on. */
  get log(): readonly LogMessage[] {
    return this.#log;
  }

  async #travel(client: string): Promise<void> {
    const [least, most] = this.faults.delayMs;
    if (most > 0) await this.#clock.sleep(least + this.#random.uniform() * (most - least));
    if (!this.#down && !this.#cut.has(client) && !(this.#random.uniform() < this.faults.loss)) return;
    await this.#clock.sleep(TIMEOUT_MS);
    throw new Unreachable(`The broker did not answer within ${TIMEOUT_MS} ms`);
  }

  /** Waits until `bytes` have crossed the client's link, behind what is on its way already. */
  async #cross(client: string, way: "up" | "down", lane: Lane, bytes: number): Promise<void> {
    const there = this.#enqueue(client, way, lane, bytes);
    if (there > this.#clock.now()) await this.#clock.sleep(there - this.#clock.now());
  }

  /** When `bytes` that are sent now will be there. */
  #enqueue(client: string, way: "up" | "down", lane: Lane, bytes: number): number {
    const now = this.#clock.now();
    const { link } = this.faults;
    if (!link) return now;
    const wire = `${client} ${way}`;
    const own = `${wire} ${lane}`;
    // The wire's bytes are shared; of those that wait at other senders only a queue's worth is before these.
    const queued = Math.min(Math.max(0, (this.#busy.get(wire) ?? 0) - now), link.queueBytes / link.bytesPerMs);
    const there = Math.max(now + queued, this.#busy.get(own) ?? 0) + (bytes + OVERHEAD) / link.bytesPerMs;
    this.#busy.set(own, there);
    this.#busy.set(wire, Math.max(there, this.#busy.get(wire) ?? 0));
    return there;
  }

  #publish(subject: string, data: Uint8Array, { id, after }: PublishOptions): number | undefined {
    if (data.length > this.limits.maxPayload) throw new RangeError(`A message of ${data.length} bytes is too large`);
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const newest = this.#log.findLast((message) => message.subject === subject)?.sequence ?? 0;
    if (after !== undefined && after !== newest) return undefined;
    this.#ids.set(id, this.#sequence + 1);
    const copies = after === undefined && this.#random.uniform() < this.faults.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#log.push({ sequence: ++this.#sequence, subject, data: this.#flipped(data, this.faults.spoil), id });
      this.bytes.published += data.length;
    }
    this.#wakeReaders();
    return this.#ids.get(id);
  }

  async *#read(client: string, subject: string, from: number, signal: AbortSignal, generation: number) {
    let next = from;
    const ahead: { readonly message: Stored; readonly there: number }[] = [];
    while (!signal.aborted) {
      if (!this.#down && !this.#cut.has(client)) {
        if (this.#generation !== generation) throw new StoreLost("The broker's log is another one than before");
        while (ahead.length < (this.faults.link ? READ_AHEAD : 1)) {
          const message = this.#log.find((stored) => stored.subject === subject && stored.sequence >= next);
          if (!message) break;
          next = message.sequence + 1;
          ahead.push({ message, there: this.#enqueue(client, "down", "reading", message.data.length) });
        }
        const first = ahead.shift();
        if (first) {
          const { message, there } = first;
          if (there > this.#clock.now()) await this.#clock.sleep(there - this.#clock.now(), signal);
          const [least, most] = this.faults.delayMs;
          if (most > 0) await this.#clock.sleep(least + this.#random.uniform() * (most - least), signal);
          this.bytes.delivered += message.data.length;
          yield { sequence: message.sequence, subject, data: this.#flipped(message.data, this.faults.corrupt) };
          continue;
        }
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }

  #flipped(data: Uint8Array, rate: number): Uint8Array {
    const copy = data.slice();
    if (copy.length > 0 && this.#random.uniform() < rate) {
      copy[this.#random.below(copy.length)]! ^= 1 << this.#random.below(8);
    }
    return copy;
  }

  #write(key: string, value: string, revision: number | "new"): number | undefined {
    const entry = this.#registers.get(key);
    if (revision === "new" ? entry !== undefined : entry?.revision !== revision) return undefined;
    this.#registers.set(key, { value, revision: ++this.#revision });
    return this.#revision;
  }

  #some(known: readonly string[], turn: Turn): Registers {
    const others = [...this.#registers.keys()].filter((key) => isRegister(key) && !known.includes(key));
    const entries = new Map<string, Entry>();
    for (const key of [...known, ...turn.next(others)]) {
      const entry = this.#registers.get(key);
      if (entry) entries.set(key, entry);
    }
    return { entries, left: Math.max(0, others.length - MOST_OTHERS) };
  }

  #wakeReaders(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
