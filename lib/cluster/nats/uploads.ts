/** Publishes to the log of a run over a connection that may be slow or get lost. */
import { jetstream, type JetStreamClient, type JetStreamPublishOptions } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { Unreachable } from "../protocol/transport.ts";

/** The slowest supported link, in bytes per millisecond: 256 kbit/s. */
const SLOWEST = 32;

export class NatsUploads {
  readonly client: JetStreamClient;
  readonly #timeoutMs: number;
  /** Bytes that are on their way to the server. */
  #sending = 0;
  /** Rejects when the connection is lost. */
  #lost = Promise.withResolvers<never>();

  /** `timeoutMs` is the time for an answer, without the time that sending takes. */
  constructor(connection: NatsConnection, timeoutMs: number) {
    this.client = jetstream(connection, { timeout: timeoutMs });
    this.#timeoutMs = timeoutMs;
    this.#lost.promise.catch(() => {}); // Each upload handles it.
    void this.#watch(connection);
  }

  /** Resolves to the message's sequence in the log. Throws Unreachable if the connection is lost on the way. */
  async publish(subject: string, data: Uint8Array, options: Partial<JetStreamPublishOptions>): Promise<number> {
    this.#sending += data.length;
    // Includes the time of all earlier bytes: a premature repetition would only add more.
    const timeout = this.#timeoutMs + this.#sending / SLOWEST;
    const publishing = this.client.publish(subject, data, { ...options, timeout });
    publishing.catch(() => {}); // It is raced here.
    try {
      return (await Promise.race([publishing, this.#lost.promise])).seq;
    } finally {
      this.#sending -= data.length;
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type !== "disconnect") continue;
      this.#lost.reject(new Unreachable("The connection to the NATS server was lost on the way"));
      this.#lost = Promise.withResolvers();
      this.#lost.promise.catch(() => {});
    }
  }
}
