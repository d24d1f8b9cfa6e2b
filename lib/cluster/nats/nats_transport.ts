/**
 * The transport over NATS JetStream: the log of a run is one stream, its registers are one key-value bucket. Only runs
 * with `cluster` load it; nothing else imports a NATS client.
 *
 * The `created` times of stream and bucket identify the store: if one changes, the store was lost.
 */
import { DeliverPolicy, jetstream, JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import type { ConsumerMessages, JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { wallClock } from "../protocol/clock.ts";
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
import { isAnswer, isBrokerError, isConflict, isNoMessage, isTimeout, PAUSE_MS, repeatWhile } from "./errors.ts";
import { explainStoreError } from "./explain.ts";
import { checkPermissions } from "./permissions.ts";
import { createdAt, openStore, type Store, type StoreOptions } from "./store.ts";
import { NatsUploads } from "./uploads.ts";

/** Time for the answer to a request. */
const TIMEOUT_MS = 2000;
/** Lifetime of a request for messages. Reading starts again after half of it without a sign of the server. */
const EXPIRES_MS = 4000;

/**
 * The connections of a machine. Each has its own queue, so that none delays another: an answer does not wait behind
 * megabytes of the log, nor the renewal of a lease behind an upload.
 */
export interface Connections {
  /** Reads the log. */
  readonly reading: NatsConnection;
  /** Publishes. */
  readonly writing: NatsConnection;
  /** Reads and writes registers, including the lease, and checks the store. */
  readonly registers: NatsConnection;
}

export async function closeConnections({ reading, writing, registers }: Connections): Promise<void> {
  await Promise.all([reading, writing, registers].map((connection) => connection.close()));
}

export class NatsTransport implements Transport {
  readonly #connections: Connections;
  readonly #stream: string;
  readonly #manager: JetStreamManager;
  readonly #reader: JetStreamClient;
  readonly #uploads: NatsUploads;
  readonly #reading = new Set<ConsumerMessages>();
  readonly #storeOptions: StoreOptions;
  #store: Promise<Store>;
  #ended: Error | undefined | void;
  /** The server's error when it rejected this machine. */
  #rejection: Error | undefined;

  private constructor(connections: Connections, stream: string, manager: JetStreamManager) {
    this.#connections = connections;
    this.#stream = stream;
    this.#manager = manager;
    this.#reader = jetstream(connections.reading, { timeout: TIMEOUT_MS });
    this.#uploads = new NatsUploads(connections.writing, TIMEOUT_MS);
    this.#storeOptions = { manager, connection: connections.registers, name: stream, timeoutMs: TIMEOUT_MS };
    this.#store = this.#open(false);
    for (const name of ["reading", "writing", "registers"] as const) {
      void this.#watch(name);
      // The client gives up when the server rejects it.
      void connections[name].closed().then((error) => this.#ended ??= this.#rejection ?? error);
    }
  }

  /**
   * Opens the transport of run `run`, which owns `connections` from now on. Throws the server's error if the account
   * lacks a permission.
   */
  static async open(connections: Connections, run: string): Promise<NatsTransport> {
    const { reading, registers } = connections;
    const manager = await repeatWhile(isTimeout, () => jetstreamManager(registers, { timeout: TIMEOUT_MS }), 3);
    const transport = new NatsTransport(connections, `lockstep-${run}`, manager);
    const { kv } = await transport.#store;
    const clients = { connection: reading, client: transport.#uploads.client, manager, kv };
    await checkPermissions(clients, transport.#stream);
    return transport;
  }

  limits(): Promise<Limits> {
    return this.#ask(async () => {
      const { config, state } = await this.#manager.streams.info(this.#stream);
      const { limits, storage } = await this.#manager.getAccountInfo();
      const bound = (bytes: number | undefined, used: number) =>
        bytes !== undefined && bytes > 0 ? bytes - used : Infinity;
      // Other streams of the account use up its room.
      const ofAccount = bound(limits.max_storage, storage - state.bytes);
      const maxBytes = Math.min(bound(config.max_bytes, 0), bound(limits.storage_max_stream_bytes, 0), ofAccount);
      return { maxPayload: this.#connections.reading.info?.max_payload ?? 2 ** 20, maxBytes };
    });
  }

  async publish(subject: string, data: Uint8Array, { id, after }: PublishOptions): Promise<number | undefined> {
    const expect = after === undefined ? {} : { expect: { lastSubjectSequence: after } };
    return await this.#unlessConflict(() =>
      this.#uploads.publish(this.#subject(subject), data, { msgID: id, ...expect })
    );
  }

  async *read(subject: string, from: number, signal: AbortSignal): AsyncGenerator<LogMessage, void, void> {
    const { lost, created } = await this.#reach(signal);
    const endings = [signal, lost.signal];
    const refusals = new Refusals(wallClock);
    let next = from;
    while (!signal.aborted) {
      this.#checkConnection();
      if (lost.signal.aborted) throw new StoreLost(`The broker's log of ${created} is gone`);
      let messages: ConsumerMessages | undefined;
      const stop = () => void messages?.close();
      for (const ending of endings) ending.addEventListener("abort", stop);
      try {
        // An ordered consumer starts again by itself when it has missed a message.
        const consumer = await this.#reader.consumers.get(this.#stream, {
          filter_subjects: this.#subject(subject),
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: next,
        });
        messages = await consumer.consume({ max_messages: READ_AHEAD, expires: EXPIRES_MS });
        this.#reading.add(messages);
        if (endings.some(({ aborted }) => aborted)) stop();
        for await (const { seq, data } of messages) {
          next = seq + 1;
          refusals.clear();
          // Makes a plain view: the data are a Buffer, whose slice() does not copy.
          yield { sequence: seq, subject, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
        }
      } catch (error) {
        if (!isBrokerError(error)) throw error;
        refusals.check(error, isAnswer(error));
        await this.#checkStore();
        await wallClock.sleep(PAUSE_MS);
      } finally {
        for (const ending of endings) ending.removeEventListener("abort", stop);
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

  async trim(sequence: number): Promise<void> {
    await this.#ask(() => this.#manager.streams.purge(this.#stream, { seq: sequence }));
  }

  async write(key: string, value: string, revision: number | "new"): Promise<number | undefined> {
    return await this.#unlessConflict(async () => {
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
    await closeConnections(this.#connections);
  }

  #subject(subject: string): string {
    return `${this.#stream}.${subject}`;
  }

  /** Throws if the client has given up. */
  #checkConnection(): void {
    if (this.#ended) throw new Error(`The NATS server rejects this machine now: ${this.#ended.message}`);
  }

  /** Opens the store. `isGone`: an earlier one was lost. */
  #open(isGone: boolean): Promise<Store> {
    const store = openStore(this.#storeOptions, isGone);
    store.catch(() => {}); // Each of its users handles it.
    return store;
  }

  /** Checks that the store is still the same, and opens another if it is not. */
  async #checkStore(): Promise<void> {
    const store = this.#store;
    const before = await store.catch(() => undefined);
    try {
      if (await createdAt(this.#storeOptions) === before?.created) return;
    } catch (error) {
      // Without an answer, the store may be unchanged. An error of JetStream means that the stream is gone.
      if (!(error instanceof JetStreamApiError)) return;
    }
    if (this.#store !== store) return;
    this.#store = this.#open(true);
    before?.lost.abort();
  }

  async #watch(name: keyof Connections): Promise<void> {
    for await (const status of this.#connections[name].status()) {
      if (status.type === "error" && /Auth/.test(status.error.name)) this.#rejection = status.error;
      if (name !== "reading" || status.type !== "reconnect") continue;
      await this.#checkStore();
      // A consumer lives in the server's memory: a restart ends it, which the client notices late.
      for (const messages of this.#reading) void messages.close();
    }
  }

  /** Resolves to the store as soon as the broker answers. */
  async #reach(signal: AbortSignal): Promise<Store> {
    const refusals = new Refusals(wallClock);
    for (;;) {
      const store = this.#store;
      try {
        return await store;
      } catch (error) {
        if (!isBrokerError(error)) throw error;
        refusals.check(error, isAnswer(error));
      }
      signal.throwIfAborted();
      this.#checkConnection();
      if (this.#store === store) this.#store = this.#open(true);
    }
  }

  /** Resolves to the result of `work`, or to nothing if another write was faster. */
  #unlessConflict(work: () => Promise<number>): Promise<number | undefined> {
    return this.#ask(async () => {
      try {
        return await work();
      } catch (error) {
        if (isConflict(error)) return undefined;
        throw error;
      }
    });
  }

  /** Resolves to the result of `work`. Throws Unreachable for every error that the broker, or its absence, causes. */
  async #ask<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isBrokerError(error)) throw explainStoreError(error, this.#stream);
      this.#checkConnection();
      await this.#checkStore();
      throw new Unreachable(`The NATS server failed a request: ${error.message}`, isAnswer(error), { cause: error });
    }
  }
}
