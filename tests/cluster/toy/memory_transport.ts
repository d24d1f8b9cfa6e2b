/**
 * A broker within one process, for tests: the same log and registers, with faults on demand. Its random choices depend
 * only on its seed and the order of calls.
 */
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import type { Clock } from "../../../lib/cluster/protocol/clock.ts";
import { MAX_OTHERS, RoundRobin } from "../../../lib/cluster/protocol/register.ts";
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

/** Probabilities of faults, for each message or call. */
export interface Faults {
  /** A call or its answer is lost. */
  readonly loss: number;
  /** A message is stored twice, as if the broker forgot its id. */
  readonly duplicate: number;
  /** One bit of a message is flipped on its way to a reader. */
  readonly corrupt: number;
  /** One bit of a message is flipped before it is stored. */
  readonly spoil: number;
  /** Minimum and maximum delay of a call, each way. Calls overtake each other. */
  readonly delayMs: readonly [number, number];
  /** The link of each client. Bytes take no time by default. */
  readonly link?: Link;
}

/** A link behind a router with a queue. Bytes that exceed the queue wait at the sender, separately for each connection. */
export interface Link {
  /** Each way. */
  readonly bytesPerMs: number;
  /** Size of the queue, which all connections share. */
  readonly queueBytes: number;
}

export const NO_FAULTS: Faults = { loss: 0, duplicate: 0, corrupt: 0, spoil: 0, delayMs: [0, 0] };

/** The timeout of a call without an answer. */
const TIMEOUT_MS = 500;

/** Bytes of a call besides its message. */
const OVERHEAD = 200;

/** The connections of a client, which wait independently at the sender. */
type Lane = "reading" | "writing" | "registers";

interface Stored extends LogMessage {
  readonly id: string;
}

export class MemoryBroker {
  faults: Faults;
  limits: Limits = { maxPayload: 2 ** 20, maxBytes: Infinity };
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
  /** Arrival times of the last sent byte, by client, direction and lane. */
  readonly #busy = new Map<string, number>();

  constructor(clock: Clock, seed = 1, faults: Faults = NO_FAULTS) {
    this.#clock = clock;
    this.#random = new Random(seed, Stream.chaos);
    this.faults = faults;
  }

  /** Connects `client` to this broker. */
  connect(client: string): Transport {
    let generation: number | undefined;
    const others = new RoundRobin();
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
      trim: (sequence) => call(() => void (this.#log = this.#log.filter((message) => message.sequence >= sequence))),
      write: (key, value, revision) => call(() => this.#write(key, value, revision), "registers", value.length),
      register: (key) => call(() => this.#registers.get(key)),
      registers: (known) => call(() => this.#some(known, others)),
      close: () => Promise.resolve(),
    };
  }

  /** Disconnects `clients`, and connects all others. */
  cut(...clients: readonly string[]): void {
    this.#cut = new Set(clients);
    this.#wakeReaders();
  }

  /** Fails all calls until `restart`. */
  stop(): void {
    this.#down = true;
  }

  /** Starts again, with its store or with an empty one. */
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

  /** Removes all messages of a subject, or all, as another client may. */
  purge(subject?: string): void {
    this.#log = this.#log.filter((message) => subject !== undefined && message.subject !== subject);
  }

  /** Removes all registers, as another client may. Their revisions start again. */
  loseRegisters(): void {
    this.#registers.clear();
    this.#revision = 0;
  }

  /** The messages of the log, for assertions. */
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

  /** Waits until `bytes` have crossed the client's link, after those that were sent before. */
  async #cross(client: string, way: "up" | "down", lane: Lane, bytes: number): Promise<void> {
    const there = this.#enqueue(client, way, lane, bytes);
    if (there > this.#clock.now()) await this.#clock.sleep(there - this.#clock.now());
  }

  /** Returns the arrival time of `bytes` that are sent now. */
  #enqueue(client: string, way: "up" | "down", lane: Lane, bytes: number): number {
    const now = this.#clock.now();
    const { link } = this.faults;
    if (!link) return now;
    const wire = `${client} ${way}`;
    const own = `${wire} ${lane}`;
    // All connections share the wire. Of the bytes of others, at most a full queue comes before these.
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

  #some(known: readonly string[], roundRobin: RoundRobin): Registers {
    const others = [...this.#registers.keys()].filter((key) => isRegister(key) && !known.includes(key));
    const entries = new Map<string, Entry>();
    for (const key of [...known, ...roundRobin.next(others)]) {
      const entry = this.#registers.get(key);
      if (entry) entries.set(key, entry);
    }
    return { entries, left: Math.max(0, others.length - MAX_OTHERS) };
  }

  #wakeReaders(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
