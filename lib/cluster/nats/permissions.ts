/**
 * Checks before training that an account has all permissions that a run needs: it sends each kind of request once, without
 * any effect. docs/cluster.md lists the permissions.
 */
import { AckPolicy, DeliverPolicy, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { Subject } from "../protocol/transport.ts";
import { hasNoListener, isBrokerError, isConflict, isNoMessage, repeatWhile } from "./errors.ts";

/** A sequence that no message ever has. */
const NEVER = 2 ** 52;
/** Nanoseconds that the server keeps a consumer without a reader. */
const UNUSED_NS = 5e9;

interface Clients {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly kv: KV;
}

/** Throws the server's error for the first permission that the account lacks. */
export async function checkPermissions({ connection, client, manager, kv }: Clients, stream: string): Promise<void> {
  const subjects = [Subject.down, Subject.up, Subject.chunks("none")].map((subject) => `${stream}.${subject}`);
  for (const subject of subjects) {
    const never = { expect: { lastSequence: NEVER } };
    await unless(isConflict, () => client.publish(subject, new Uint8Array(), never));
  }
  await unless(isNoMessage, () => manager.streams.getMessage(stream, { last_by_subj: subjects[0]! }));
  // Purges a subject without messages. To purge up to the first message would drop everything on some servers.
  await manager.streams.purge(stream, { filter: `${stream}.none` });
  const name = crypto.randomUUID();
  await manager.consumers.add(stream, {
    name,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.New,
    filter_subject: subjects[0]!,
    inactive_threshold: UNUSED_NS,
  });
  // Returns at once, as no message is new. A busy server that does not answer has not refused either.
  const atOnce = JSON.stringify({ batch: 1, no_wait: true });
  await unless(isBrokerError, () => connection.request(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, atOnce));
  await manager.consumers.delete(stream, name);
  await kv.get("none");
  // Every machine may write this register, also one that may write no other's.
  await unless(isConflict, () => kv.update("lease", "", NEVER));
}

/** Does `work`, which may fail with `isExpected`. Waits while another machine creates the stream. */
async function unless(isExpected: (error: unknown) => boolean, work: () => Promise<unknown>): Promise<void> {
  try {
    await repeatWhile(hasNoListener, work);
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
}
