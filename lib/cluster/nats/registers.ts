/**
 * A run's registers as keys of a bucket. They are asked for one by one: to a watch, nats-server 2.9 may deliver nothing at
 * all, which is noticed after a minute.
 */
import type { JetStreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import { wallClock } from "../protocol/clock.ts";
import { MAX_REGISTER, MOST_OTHERS, Turn } from "../protocol/register.ts";
import { type Entry, isRegister, type Registers } from "../protocol/transport.ts";

/** With more keys than these, a list of them is long enough for a slow link to feel, and asked for now and then. */
const LONG = 256;
const LIST_MS = 10_000;

export class NatsRegisters {
  readonly #manager: JetStreamManager;
  readonly #kv: KV;
  readonly #bucket: string;
  readonly #turn = new Turn();
  /** Keys of the bucket, as they were last listed. */
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
    return { value: entry.length > MAX_REGISTER ? "" : entry.string(), revision: entry.revision };
  }

  async some(known: readonly string[]): Promise<Registers> {
    const isKnown = new Set(known);
    const listed = this.#turn.next(this.#listed.filter((key) => !isKnown.has(key)));
    // Those that were there before are asked for at once, which saves a slow link half of the time.
    const asked = [...known, ...listed];
    const [entries] = await Promise.all([this.#get(asked), this.#list()]);
    const others = this.#listed.filter((key) => !isKnown.has(key));
    const isAsked = new Set(asked);
    const late = others.filter((key) => !isAsked.has(key)).slice(0, MOST_OTHERS - listed.length);
    return { entries: new Map([...entries, ...await this.#get(late)]), left: Math.max(0, others.length - MOST_OTHERS) };
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
