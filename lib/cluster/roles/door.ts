/**
 * The one door through which messages of the log come in. What passes it is well-formed, of this run, signed by a key
 * that stands in the register of the member which it names, new, and possible; everything else is counted and left out.
 */
import type { z } from "zod";
import type { Context } from "./context.ts";
import type { DroppedKind } from "../protocol/dropped.ts";
import { Malformed, open } from "../protocol/envelope.ts";
import { LEASE } from "./lease.ts";
import type { Down, ObjectReference, Up } from "../protocol/messages.ts";
import { CHUNK_BYTES } from "../protocol/objects.ts";
import { retry } from "../protocol/retry.ts";
import type { Roster } from "./roster.ts";
import { type LogMessage, MEMBER } from "../protocol/transport.ts";

/** Messages of a key behind its newest one that may still come: some overtake others. */
const WINDOW = 1024;
/** Looks at the registers on behalf of messages, in the time of a lease: what strangers write may not cost more. */
const LOOKS = 16;

class Refused extends Error {
  readonly kind: DroppedKind;
  constructor(kind: DroppedKind, why: string) {
    super(why);
    this.kind = kind;
  }
}

export class Door<Message extends Down | Up> {
  readonly #context: Context;
  readonly #roster: Roster;
  readonly #schema: z.ZodType<Message>;
  /** By key: the numbers of its messages that came, and the highest. */
  readonly #came = new Map<string, { newest: number; readonly counts: Set<number> }>();
  /** For keys that nobody seems to have, and for terms that nobody seems to have led in. */
  readonly #looks = { keys: { since: -Infinity, count: 0 }, terms: { since: -Infinity, count: 0 } };
  #speaker: { readonly term: number; readonly member: string } | undefined;

  constructor(context: Context, roster: Roster, schema: z.ZodType<Message>) {
    this.#context = context;
    this.#roster = roster;
    this.#schema = schema;
  }

  /** The message and its body, or nothing if it is left out. Throws Damaged where reading again may help. */
  async take({ sequence, subject, data }: LogMessage): Promise<{ message: Message; body: Uint8Array } | undefined> {
    try {
      return await this.#check(data);
    } catch (error) {
      const kind = error instanceof Malformed ? "malformed" : error instanceof Refused ? error.kind : undefined;
      if (kind === undefined || !(error instanceof Error)) throw error;
      this.#context.dropped.add(kind, `message ${sequence} of "${subject}"`, error.message);
      return undefined;
    }
  }

  async #check(data: Uint8Array): Promise<{ message: Message; body: Uint8Array }> {
    const { header, body, digest, signature } = open(data);
    const { success, data: message, error } = this.#schema.safeParse(header);
    if (!success) {
      const [issue] = error.issues;
      throw new Malformed(`its ${issue?.path.join(".") || "header"} is not what was expected: ${issue?.message}`);
    }
    if (message.run !== this.#context.run) throw new Refused("of another run", "another run had this name before");
    if ("object" in message) checkObject(message.object, body, this.#most(message));
    const { member, key, count } = message.from;
    if (!this.#context.signer.isSigned(digest, signature, key)) {
      throw new Refused("not signed by a member", "its signature is not its key's");
    }
    const isMember = () => this.#roster.hasKey(member, key);
    if (!isMember() && !(await this.#look(this.#looks.keys, MEMBER + member) && isMember())) {
      throw new Refused("not signed by a member", `"${member}" has no such key in its register`);
    }
    if ("member" in message && !("term" in message) && message.member !== member) {
      throw new Refused("not signed by a member", `it is "${message.member}"'s, and "${member}" signed it`);
    }
    this.#checkNew(key, count);
    if ("term" in message) await this.#checkTerm(message);
    return { message, body };
  }

  /** Bytes that an object of this message has at most. */
  #most(message: Down | Up): number {
    const { local } = this.#context;
    if (message.type === "state") return local.mostStateBytes;
    if (message.type !== "upload") return local.mostBytes({ first: 0, last: local.shards });
    const sum = message.nodes.reduce((total, { bytes }) => total + bytes, 0);
    const areNodes = message.nodes.every((node) =>
      node.first < node.last && node.last <= local.shards && node.bytes <= local.mostBytes(node)
    );
    if (!areNodes || sum !== message.object.bytes) throw new Malformed("its nodes are none of this run's");
    return sum;
  }

  #checkNew(key: string, count: number): void {
    const came = this.#came.get(key) ?? { newest: -1, counts: new Set<number>() };
    if (came.counts.has(count) || count <= came.newest - WINDOW) {
      throw new Refused("sent again", `it is number ${count} of its sender, which came before`);
    }
    this.#came.set(key, came);
    came.counts.add(count);
    came.newest = Math.max(came.newest, count);
    if (came.counts.size > 2 * WINDOW) {
      for (const old of came.counts) if (old <= came.newest - WINDOW) came.counts.delete(old);
    }
  }

  /** A term is a revision that the lease had, and one member's alone. Who begins one holds the lease, or held it before. */
  async #checkTerm(message: Down): Promise<void> {
    const { term, from: { member } } = message;
    if (message.type === "lead" && message.leader !== member) {
      throw new Refused("not signed by a member", `"${message.leader}" leads, and "${member}" signed it`);
    }
    if (this.#speaker && term < this.#speaker.term) return; // Nobody heeds it.
    if (term === this.#speaker?.term) {
      if (member === this.#speaker.member) return;
      throw new Refused("of an impossible term", `term ${term} is "${this.#speaker.member}"'s, not "${member}"'s`);
    }
    // Where the register of the lease says nothing, a term is at least a revision.
    const isPossible = () => {
      const { lease, revision } = this.#roster;
      if (!lease) return term <= revision;
      return term < lease.term || term === lease.term && ["", member].includes(lease.holder);
    };
    if (!isPossible() && !(await this.#look(this.#looks.terms, LEASE) && isPossible())) {
      throw new Refused("of an impossible term", `"${member}" has not had the lease in term ${term}`);
    }
    this.#speaker = { term, member };
  }

  /** Sees a register as it is now; resolves to false if that was done too often for messages of this kind. */
  async #look(looks: { since: number; count: number }, key: string): Promise<boolean> {
    const { clock, signal, leaseMs, transport } = this.#context;
    if (clock.now() - looks.since >= leaseMs) Object.assign(looks, { since: clock.now(), count: 0 });
    if (looks.count++ >= LOOKS) return false;
    const entry = await retry(clock, signal, () => transport.register(key));
    if (entry) this.#roster.note(key, entry);
    return true;
  }
}

/** Throws Malformed unless the object can be what a message commits. */
function checkObject({ id, bytes, chunks, from, to }: ObjectReference, body: Uint8Array, most: number): void {
  if (bytes > most) throw new Malformed(`object "${id}" has ${bytes} bytes, expected at most ${most}`);
  const isWhole = chunks === 0 ? body.length === bytes : chunks === Math.ceil(bytes / CHUNK_BYTES) && from <= to;
  if (!isWhole) throw new Malformed(`object "${id}" of ${bytes} bytes has ${chunks} chunks`);
}
