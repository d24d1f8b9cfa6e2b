/**
 * The transport over NATS JetStream: a run's log is one stream, its registers are one key-value bucket. Loaded by those
 * alone who ask for it: nothing else imports a NATS client.
 *
 * The `created` times of stream and bucket are the identity of the store: where one is another, the store was lost.
 */
import { DeliverPolicy, jetstream, JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import type { ConsumerMessages, JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { wallClock } from "../protocol/clock.ts";
import { explained, isAnswer, isNoMessage, isOfBroker, isOther, isUnanswered } from "./errors.ts";
import { patiently, pause } from "./patience.ts";
import { checkRights } from "./rights.ts";
import { createdAt, openStore, type Store, type StoreOptions } from "./store.ts";
import { NatsUploads } from "./uploads.ts";
import { closeWays, type Ways } from "./addresses.ts";
import { Refusals } from "../protocol/retry.ts";
import {
  type Entry,
  type Limits,
  type LogMessage,
  type PublishOptions,
  READ_AHEAD,
  type Registers,
  StoreLost,
  type Transport,
  Unreachable,
} from "../protocol/transport.ts";

/** How long a request is waited for. */
const TIMEOUT_MS = 2000;
/** How long a request for more messages stands: half of it without a sign of the server, and reading begins again. */
const EXPIRES_MS = 4000;

export class NatsTransport implements Transport {
  readonly #ways: Ways;
  readonly #stream: string;
  readonly #manager: JetStreamManager;
  readonly #reader: JetStreamClient;
  readonly #uploads: NatsUploads;
  readonly #reading = new Set<ConsumerMessages>();
  readonly #place: StoreOptions;
  #store: Promise<Store>;
  #ended: Error | undefined | void;
  /** What it said when it did not let this machine in. */
  #refusal: Error | undefined;

  private constructor(ways: Ways, stream: string, manager: JetStreamManager) {
    this.#ways = ways;
    this.#stream = stream;
    this.#manager = manager;
    this.#reader = jetstream(ways.reading, { timeout: TIMEOUT_MS });
    this.#uploads = new NatsUploads(ways.writing, TIMEOUT_MS);
    this.#place = { manager, connection: ways.registers, name: stream, timeoutMs: TIMEOUT_MS };
    this.#store = this.#open(false);
    for (const way of ["reading", "writing", "registers"] as const) {
      void this.#watch(way);
      // The client gives up where the server does not let it in any more.
      void ways[way].closed().then((error) => this.#ended ??= this.#refusal ?? error);
    }
  }

  /**
   * The transport of run `run` over `ways`, which are the transport's from now on. Throws what the server says if the
   * account may not do what a run asks for.
   */
  static async open(ways: Ways, run: string): Promise<NatsTransport> {
    const manager = await patiently(isUnanswered, () => jetstreamManager(ways.registers, { timeout: TIMEOUT_MS }), 3);
    const transport = new NatsTransport(ways, `lockstep-${run}`, manager);
    const { kv } = await transport.#store;
    await checkRights({ connection: ways.reading, client: transport.#uploads.client, manager, kv }, transport.#stream);
    return transport;
  }

  limits(): Promise<Limits> {
    return this.#ask(async () => {
      const { config, state } = await this.#manager.streams.info(this.#stream);
      const { limits, storage } = await this.#manager.getAccountInfo();
      const bound = (bytes: number | undefined, used: number) =>
        bytes !== undefined && bytes > 0 ? bytes - used : Infinity;
      // What other streams of the account take is not there for this one.
      const ofAccount = bound(limits.max_storage, storage - state.bytes);
      const maxBytes = Math.min(bound(config.max_bytes, 0), bound(limits.storage_max_stream_bytes, 0), ofAccount);
      return { maxPayload: this.#ways.reading.info?.max_payload ?? 2 ** 20, maxBytes };
    });
  }

  async publish(subject: string, data: Uint8Array, { id, after }: PublishOptions): Promise<number | undefined> {
    const expect = after === undefined ? {} : { expect: { lastSubjectSequence: after } };
    return await this.#unlessOther(() => this.#uploads.publish(this.#subject(subject), data, { msgID: id, ...expect }));
  }

  async *read(subject: string, from: number, signal: AbortSignal): AsyncGenerator<LogMessage, void, void> {
    const { lost, created } = await this.#reach(signal);
    const refusals = new Refusals(wallClock);
    let next = from;
    while (!signal.aborted) {
      this.#checkConnection();
      if (lost.signal.aborted) throw new StoreLost(`The broker's log of ${created} is gone`);
      let messages: ConsumerMessages | undefined;
      const stop = () => void messages?.close();
      signal.addEventListener("abort", stop);
      lost.signal.addEventListener("abort", stop);
      try {
        // An ordered consumer: it begins again by itself where it missed something.
        const consumer = await this.#reader.consumers.get(this.#stream, {
          filter_subjects: this.#subject(subject),
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: next,
        });
        messages = await consumer.consume({ max_messages: READ_AHEAD, expires: EXPIRES_MS });
        this.#reading.add(messages);
        if (signal.aborted || lost.signal.aborted) stop();
        for await (const { seq, data } of messages) {
          next = seq + 1;
          refusals.clear();
          // A plain view: what comes is a Buffer, whose slice() is none.
          yield { sequence: seq, subject, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
        }
      } catch (error) {
        if (!isOfBroker(error)) throw error;
        refusals.check(error, isAnswer(error));
        await this.#checkStore();
        await pause();
      } finally {
        signal.removeEventListener("abort", stop);
        lost.signal.removeEventListener("abort", stop);
        if (messages) this.#reading.delete(messages);
        stop();
      }
    }
  }

  newest(subject: string): Promise<number> {
    return this.#ask(async () => {
      try {
        const query = { last_by_subj: this.#subject(subject) };
        const manager = await this.#reader.jetstreamManager(false);
        return (await manager.streams.getMessage(this.#stream, query))?.seq ?? 0;
      } catch (error) {
        if (isNoMessage(error)) return 0;
        throw error;
      }
    });
  }

  async forget(sequence: number): Promise<void> {
    await this.#ask(() => this.#manager.streams.purge(this.#stream, { seq: sequence }));
  }

  async write(key: string, value: string, revision: number | "new"): Promise<number | undefined> {
    return await this.#unlessOther(async () => {
      const { kv } = await this.#store;
      return revision === "new" ? await kv.create(key, value) : await kv.update(key, value, revision, TIMEOUT_MS);
    });
  }

  register(key: string): Promise<Entry | undefined> {
    return this.#ask(async () => (await this.#store).registers.one(key));
  }

  registers(known: readonly string[]): Promise<Registers> {
    return this.#ask(async () => (await this.#store).registers.some(known));
  }

  async close(): Promise<void> {
    const store = await this.#store.catch(() => undefined);
    store?.lost.abort();
    await closeWays(this.#ways);
  }

  #subject(subject: string): string {
    return `${this.#stream}.${subject}`;
  }

  /** Throws if nothing will be heard of the server any more. */
  #checkConnection(): void {
    if (this.#ended) throw new Error(`The server does not let this machine in any more: ${this.#ended.message}`);
  }

  /** The store; `isGone` where another was there before. */
  #open(isGone: boolean): Promise<Store> {
    const store = openStore(this.#place, isGone);
    store.catch(() => {}); // Whoever wants it hears of it.
    return store;
  }

  /** Looks whether the log is still the one that it was. */
  async #checkStore(): Promise<void> {
    const store = this.#store;
    const before = await store.catch(() => undefined);
    try {
      if (await createdAt(this.#place) === before?.created) return;
    } catch (error) {
      // Nobody answers, which says nothing about the store; or there is no such stream any more.
      if (!(error instanceof JetStreamApiError)) return;
    }
    if (this.#store !== store) return;
    this.#store = this.#open(true);
    before?.lost.abort();
  }

  async #watch(way: keyof Ways): Promise<void> {
    for await (const status of this.#ways[way].status()) {
      if (status.type === "error" && /Auth/.test(status.error.name)) this.#refusal = status.error;
      if (way !== "reading" || status.type !== "reconnect") continue;
      await this.#checkStore();
      // A consumer lives in the server's memory: those of before the restart are gone, and would be missed late.
      for (const messages of this.#reading) void messages.close();
    }
  }

  /** The store, as soon as the broker answers. */
  async #reach(signal: AbortSignal): Promise<Store> {
    const refusals = new Refusals(wallClock);
    for (;;) {
      const store = this.#store;
      try {
        return await store;
      } catch (error) {
        if (!isOfBroker(error)) throw error;
        refusals.check(error, isAnswer(error));
      }
      signal.throwIfAborted();
      this.#checkConnection();
      if (this.#store === store) this.#store = this.#open(true);
    }
  }

  /** What `work` comes to, or nothing where something else is the newest. */
  #unlessOther(work: () => Promise<number>): Promise<number | undefined> {
    return this.#ask(async () => {
      try {
        return await work();
      } catch (error) {
        if (isOther(error)) return undefined;
        throw error;
      }
    });
  }

  /** What `work` comes to. Throws Unreachable for all that the broker, or its absence, can say. */
  async #ask<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isOfBroker(error)) throw explained(error, this.#stream);
      this.#checkConnection();
      await this.#checkStore();
      throw new Unreachable(`The NATS server did not do it: ${error.message}`, isAnswer(error), { cause: error });
    }
  }
}
