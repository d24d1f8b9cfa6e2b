/** A run's stream and bucket on a NATS server: made where there are none, and told from others of the same name. */
import { DiscardPolicy, jetstream, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { NatsRegisters } from "./registers.ts";
import { patiently, pause } from "./patience.ts";
import { MAX_REGISTER, MOST_REGISTERS } from "../protocol/register.ts";

/**
 * How long a store that is gone stays gone before it is made again. The server forgets a stream first and removes its
 * files then; a stream of the same name that is made meanwhile loses its own files with them, and keeps nothing from
 * then on (seen with nats-server 2.9.10). The server itself gives up removing after a second.
 */
const REMOVAL_MS = 1000;

/** One store of the broker: everything that ends when another takes its place. */
export interface Store {
  readonly created: string;
  readonly lost: AbortController;
  readonly kv: KV;
  readonly registers: NatsRegisters;
}

export interface StoreOptions {
  readonly manager: JetStreamManager;
  readonly connection: NatsConnection;
  /** The stream's name, which the bucket has too. */
  readonly name: string;
  /** How long a request is waited for. */
  readonly timeoutMs: number;
}

/** The stream and the bucket. `isGone`: they were there, and somebody removes them, or has. */
export async function openStore(options: StoreOptions, isGone: boolean): Promise<Store> {
  if (isGone) await pause(REMOVAL_MS);
  const kv = await madeByAnyone(options);
  const registers = new NatsRegisters(options.manager, kv, options.name);
  return { created: await createdAt(options), lost: new AbortController(), kv, registers };
}

/** The identity of the store that the server has now. Throws a JetStreamApiError where there is none. */
export async function createdAt({ manager, name }: StoreOptions): Promise<string> {
  const infos = await Promise.all([name, `KV_${name}`].map((stream) => manager.streams.info(stream)));
  return infos.map(({ created }) => created).join(" ");
}

/** The same for all machines that come at once: a broker that makes what one asked for refuses the others meanwhile. */
function madeByAnyone({ manager: { streams }, connection, name, timeoutMs }: StoreOptions): Promise<KV> {
  return patiently((error) => error instanceof JetStreamApiError, async () => {
    for (const config of [{ name, subjects: [`${name}.>`] }, bucketOf(name)]) {
      await streams.info(config.name).catch((error) => {
        if (!(error instanceof JetStreamApiError)) throw error;
        return streams.add(config);
      });
    }
    return await new Kvm(jetstream(connection, { timeout: timeoutMs })).create(name, { history: 1 });
  });
}

/** The stream of a bucket, as clients make it, but with bounds: what strangers may write there is read by all machines. */
function bucketOf(name: string) {
  return {
    name: `KV_${name}`,
    subjects: [`$KV.${name}.>`],
    max_msgs_per_subject: 1,
    max_msgs: MOST_REGISTERS,
    max_msg_size: MAX_REGISTER,
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    allow_direct: true,
  };
}
