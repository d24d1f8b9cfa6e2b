/**
 * Verifies all messages of the log. It accepts messages that are well-formed, new and possible, belong to this run, and
 * are signed with a key from their member's register. It counts and drops all others.
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

/** Accepts messages whose number is at most so far behind the newest one of their key: some overtake others. */
const WINDOW = 1024;
/** Limits the registers that messages cause to be read, per lease: messages of strangers may not cost more. */
const MAX_READS = 16;

class Refused extends Error {
  readonly kind: DroppedKind;
  constructor(kind: DroppedKind, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

export class Verifier<Message extends Down | Up> {
  readonly #context: Context;
  readonly #roster: Roster;
  readonly #schema: z.ZodType<Message>;
  /** By key: the numbers of its accepted messages, and the highest one. */
  readonly #accepted = new Map<string, { newest: number; readonly counts: Set<number> }>();
  /** Counts the registers that were read for unknown keys and for unknown terms. */
  readonly #reads = { keys: { since: -Infinity, count: 0 }, terms: { since: -Infinity, count: 0 } };
  #leader: { readonly term: number; readonly member: string } | undefined;

  constructor(context: Context, roster: Roster, schema: z.ZodType<Message>) {
    this.#context = context;
    this.#roster = roster;
    this.#schema = schema;
  }

  /** Resolves to the message and its body, or to undefined if it is dropped. Throws Damaged if reading again may help. */
  async verify({ sequence, subject, data }: LogMessage): Promise<{ message: Message; body: Uint8Array } | undefined> {
    try {
      return await this.#check(data);
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof Refused)) throw error;
      const kind = error instanceof Refused ? error.kind : "malformed";
      this.#context.dropped.add(kind, `message ${sequence} of "${subject}"`, error.message);
      return undefined;
    }
  }

  async #check(data: Uint8Array): Promise<{ message: Message; body: Uint8Array }> {
    const { header, body, digest, signature } = open(data);
    const { success, data: message, error } = this.#schema.safeParse(header);
    if (!success) {
      const [issue] = error.issues;
      throw new Malformed(`its ${issue?.path.join(".") || "header"} is invalid: ${issue?.message}`);
    }
    if (message.run !== this.#context.run) throw new Refused("of another run", "an earlier run had this name");
    if ("object" in message) checkObject(message.object, body, this.#maxBytes(message));
    const { member, key, count } = message.from;
    if (!this.#context.signer.isSigned(digest, signature, key)) {
      throw new Refused("not signed by a member", "its signature is not its key's");
    }
    const isMember = () => this.#roster.hasKey(member, key);
    if (!isMember() && !(await this.#readRegister(this.#reads.keys, MEMBER + member) && isMember())) {
      throw new Refused("not signed by a member", `"${member}" has no such key in its register`);
    }
    if ("member" in message && !("term" in message) && message.member !== member) {
      throw new Refused("not signed by a member", `it is "${message.member}"'s, and "${member}" signed it`);
    }
    this.#checkNew(key, count);
    if ("term" in message) await this.#checkTerm(message);
    return { message, body };
  }

  /** Returns the maximum bytes of this message's object. */
  #maxBytes(message: Down | Up): number {
    const { local } = this.#context;
    if (message.type === "state") return local.maxStateBytes;
    if (message.type !== "upload") return local.maxNodeBytes({ first: 0, last: local.shards });
    const sum = message.nodes.reduce((total, { bytes }) => total + bytes, 0);
    const areNodes = message.nodes.every((node) =>
      node.first < node.last && node.last <= local.shards && node.bytes <= local.maxNodeBytes(node)
    );
    if (!areNodes || sum !== message.object.bytes) throw new Malformed("its nodes do not exist in this run");
    return sum;
  }

  #checkNew(key: string, count: number): void {
    const accepted = this.#accepted.get(key) ?? { newest: -1, counts: new Set<number>() };
    if (accepted.counts.has(count) || count <= accepted.newest - WINDOW) {
      throw new Refused("sent again", `number ${count} of its sender came before`);
    }
    this.#accepted.set(key, accepted);
    accepted.counts.add(count);
    accepted.newest = Math.max(accepted.newest, count);
    if (accepted.counts.size > 2 * WINDOW) {
      for (const old of accepted.counts) if (old <= accepted.newest - WINDOW) accepted.counts.delete(old);
    }
  }

  /** A term is a revision of the lease, and belongs to one member, which holds the lease or held it earlier. */
  async #checkTerm(message: Down): Promise<void> {
    const { term, from: { member } } = message;
    if (message.type === "lead" && message.leader !== member) {
      throw new Refused("not signed by a member", `"${message.leader}" leads, and "${member}" signed it`);
    }
    if (this.#leader && term < this.#leader.term) return; // Members ignore it.
    if (term === this.#leader?.term) {
      if (member === this.#leader.member) return;
      throw new Refused(
        "of an impossible term",
        `term ${term} belongs to "${this.#leader.member}", not to "${member}"`,
      );
    }
    // Without a valid lease register, a term is at least not above the newest revision.
    const isPossible = () => {
      const { lease, revision } = this.#roster;
      if (!lease) return term <= revision;
      return term < lease.term || term === lease.term && ["", member].includes(lease.holder);
    };
    if (!isPossible() && !(await this.#readRegister(this.#reads.terms, LEASE) && isPossible())) {
      throw new Refused("of an impossible term", `"${member}" did not hold the lease in term ${term}`);
    }
    this.#leader = { term, member };
  }

  /** Reads a register into the roster. Resolves to false if messages of this kind have caused too many reads. */
  async #readRegister(reads: { since: number; count: number }, key: string): Promise<boolean> {
    const { clock, signal, leaseMs, transport } = this.#context;
    if (clock.now() - reads.since >= leaseMs) Object.assign(reads, { since: clock.now(), count: 0 });
    if (reads.count++ >= MAX_READS) return false;
    const entry = await retry(clock, signal, () => transport.register(key));
    if (entry) this.#roster.update(key, entry);
    return true;
  }
}

/** Throws Malformed if a message cannot commit this object. */
function checkObject({ id, bytes, chunks, from, to }: ObjectReference, body: Uint8Array, most: number): void {
  if (bytes > most) throw new Malformed(`object "${id}" has ${bytes} bytes, expected at most ${most}`);
  const isWhole = chunks === 0 ? body.length === bytes : chunks === Math.ceil(bytes / CHUNK_BYTES) && from <= to;
  if (!isWhole) throw new Malformed(`object "${id}" of ${bytes} bytes has ${chunks} chunks`);
}
