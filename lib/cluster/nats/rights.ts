/**
 * Whether an account may do what a run asks for, tried before anything is trained: each thing once, in a way that
 * changes nothing. docs/cluster.md has the permissions by name.
 */
import { AckPolicy, DeliverPolicy, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { isNoMessage, isOfBroker, isOther, isUnheard } from "./errors.ts";
import { patiently } from "./patience.ts";
import { Subject } from "../protocol/transport.ts";

/** A place in the log where no message will ever be the newest. */
const NEVER = 2 ** 52;
/** How long the server keeps a consumer that nobody reads from, in ns. */
const UNUSED_NS = 5e9;

interface Means {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly kv: KV;
}

/** Throws what the server says of the first thing that the account may not do. */
export async function checkRights({ connection, client, manager, kv }: Means, stream: string): Promise<void> {
  const subjects = [Subject.down, Subject.up, Subject.chunks("none")].map((subject) => `${stream}.${subject}`);
  for (const subject of subjects) {
    const never = { expect: { lastSequence: NEVER } };
    await unless(isOther, () => client.publish(subject, new Uint8Array(), never));
  }
  await unless(isNoMessage, () => manager.streams.getMessage(stream, { last_by_subj: subjects[0]! }));
  // Of a subject that nobody writes to: what lies before the first message is, to some servers, everything.
  await manager.streams.purge(stream, { filter: `${stream}.none` });
  const name = crypto.randomUUID();
  await manager.consumers.add(stream, {
    name,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.New,
    filter_subject: subjects[0]!,
    inactive_threshold: UNUSED_NS,
  });
  // Answered at once, with nothing, as nothing is new yet. A server that is too busy for it has not refused it either.
  const atOnce = JSON.stringify({ batch: 1, no_wait: true });
  await unless(isOfBroker, () => connection.request(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, atOnce));
  await manager.consumers.delete(stream, name);
  await kv.get("none");
  // One that every machine writes, whatever else it may not.
  await unless(isOther, () => kv.update("lease", "", NEVER));
}

/** What another machine makes at this moment is waited for. */
async function unless(expected: (error: unknown) => boolean, work: () => Promise<unknown>): Promise<void> {
  try {
    await patiently(isUnheard, work);
  } catch (error) {
    if (!expected(error)) throw error;
  }
}
