/** Publishing to a run's log over a connection that may be slow, or that may be lost meanwhile. */
import { jetstream, type JetStreamClient, type JetStreamPublishOptions } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { Unreachable } from "../protocol/transport.ts";

/** The slowest link that uploads are waited for on, in bytes a millisecond: 256 kbit/s. */
const SLOWEST = 32;

export class NatsUploads {
  readonly client: JetStreamClient;
  readonly #timeoutMs: number;
  /** Bytes on their way to the server. */
  #sending = 0;
  /** Rejects when they will not get there. */
  #lost = Promise.withResolvers<never>();

  /** `timeoutMs`: how long the answer to what takes no time to send is waited for. */
  constructor(connection: NatsConnection, timeoutMs: number) {
    this.client = jetstream(connection, { timeout: timeoutMs });
    this.#timeoutMs = timeoutMs;
    this.#lost.promise.catch(() => {}); // Whoever sends something hears of it.
    void this.#watch(connection);
  }

  /** Resolves to the message's place in the log. Throws Unreachable where the connection is lost on the way. */
  async publish(subject: string, data: Uint8Array, options: Partial<JetStreamPublishOptions>): Promise<number> {
    this.#sending += data.length;
    // To send it again while it is on its way would only be more to wait for.
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
      this.#lost.reject(new Unreachable("The connection was lost on the way"));
      this.#lost = Promise.withResolvers();
      this.#lost.promise.catch(() => {});
    }
  }
}
