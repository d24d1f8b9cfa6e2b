/**
 * Opens the store of a run on a NATS server, a stream and a bucket: creates it if it is missing, and distinguishes it
 * from others of the same name. The registers of a run are the keys of the bucket.
 */
import { DiscardPolicy, jetstream, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { wallClock } from "../protocol/clock.ts";
import { MAX_OTHERS, MAX_REGISTER_BYTES, MAX_REGISTERS, RoundRobin } from "../protocol/register.ts";
import { type Entry, isRegister, type Registers } from "../protocol/transport.ts";
import { repeatWhile } from "./errors.ts";

/**
 * Milliseconds between the end of a store and the creation of the next. The server forgets a stream first and removes
 * its files later; a stream of the same name that is created meanwhile loses its own files with them, and stores nothing
 * from then on (seen with nats-server 2.9.10). The server itself stops removing after a second.
 */
const REMOVAL_MS = 1000;

/** One store of the broker: everything that ends when another replaces it. */
export interface Store {
  readonly created: string;
  readonly lost: AbortController;
  readonly kv: KV;
  readonly registers: NatsRegisters;
}

export interface StoreOptions {
  readonly manager: JetStreamManager;
  readonly connection: NatsConnection;
  /** Name of the stream and of the bucket. */
  readonly name: string;
  /** Time for the answer to a request. */
  readonly timeoutMs: number;
}

/** Opens the stream and the bucket. `isGone`: earlier ones were or are being removed. */
export async function openStore(options: StoreOptions, isGone: boolean): Promise<Store> {
  if (isGone) await wallClock.sleep(REMOVAL_MS);
  const kv = await createdByAny(options);
  const registers = new NatsRegisters(options.manager, kv, options.name);
  return { created: await createdAt(options), lost: new AbortController(), kv, registers };
}

/** Returns the identity of the store that the server has now. Throws a JetStreamApiError if it has none. */
export async function createdAt({ manager, name }: StoreOptions): Promise<string> {
  const infos = await Promise.all([name, `KV_${name}`].map((stream) => manager.streams.info(stream)));
  return infos.map(({ created }) => created).join(" ");
}

/** Creates stream and bucket if they are missing. Repeats it, as the server refuses other machines meanwhile. */
function createdByAny({ manager: { streams }, connection, name, timeoutMs }: StoreOptions): Promise<KV> {
  return repeatWhile((error) => error instanceof JetStreamApiError, async () => {
    for (const config of [{ name, subjects: [`${name}.>`] }, bucketOf(name)]) {
      await streams.info(config.name).catch((error) => {
        if (!(error instanceof JetStreamApiError)) throw error;
        return streams.add(config);
      });
    }
    return await new Kvm(jetstream(connection, { timeout: timeoutMs })).create(name, { history: 1 });
  });
}

/** Configures the stream of a bucket as clients do, but with limits, as all machines read the registers of strangers. */
function bucketOf(name: string) {
  return {
    name: `KV_${name}`,
    subjects: [`$KV.${name}.>`],
    max_msgs_per_subject: 1,
    max_msgs: MAX_REGISTERS,
    max_msg_size: MAX_REGISTER_BYTES,
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    allow_direct: true,
  };
}

/** A list of more keys than this slows a slow link down, so that it is requested only every LIST_MS. */
const LONG = 256;
const LIST_MS = 10_000;

/** Reads registers one by one: nats-server 2.9 may deliver nothing to a watch, which is noticed after a minute. */
class NatsRegisters {
  readonly #manager: JetStreamManager;
  readonly #kv: KV;
  readonly #bucket: string;
  readonly #roundRobin = new RoundRobin();
  /** Keys of the bucket at the last listing. */
  #listed: readonly string[] = [];
  #listedAt = -Infinity;

  constructor(manager: JetStreamManager, kv: KV, bucket: string) {
    this.#manager = manager;
    this.#kv = kv;
    this.#bucket = bucket;
  }

  async one(key: string): Promise<Entry | undefined> {
    const entry = await this.#kv.get(key);
    if (entry?.operation !== "PUT") return undefined;
    return { value: entry.length > MAX_REGISTER_BYTES ? "" : entry.string(), revision: entry.revision };
  }

  async some(known: readonly string[]): Promise<Registers> {
    const isKnown = new Set(known);
    const listed = this.#roundRobin.next(this.#listed.filter((key) => !isKnown.has(key)));
    // Requests the keys of the last listing together with a new one, which halves the time on a slow link.
    const asked = [...known, ...listed];
    const [entries] = await Promise.all([this.#get(asked), this.#list()]);
    const others = this.#listed.filter((key) => !isKnown.has(key));
    const isAsked = new Set(asked);
    const late = others.filter((key) => !isAsked.has(key)).slice(0, MAX_OTHERS - listed.length);
    return { entries: new Map([...entries, ...await this.#get(late)]), left: Math.max(0, others.length - MAX_OTHERS) };
  }

  async #get(keys: readonly string[]): Promise<ReadonlyMap<string, Entry>> {
    const entries = await Promise.all(keys.map(async (key) => [key, await this.one(key)] as const));
    return new Map(entries.flatMap(([key, entry]) => entry ? [[key, entry]] : []));
  }

  async #list(): Promise<void> {
    const now = wallClock.now();
    if (this.#listed.length > LONG && now - this.#listedAt < LIST_MS) return;
    const { state } = await this.#manager.streams.info(`KV_${this.#bucket}`, { subjects_filter: ">" });
    const prefix = `$KV.${this.#bucket}.`;
    this.#listed = Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length)).filter(isRegister);
    this.#listedAt = now;
  }
}
