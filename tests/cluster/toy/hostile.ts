/** A stranger on the same broker, which knows only the log, and writes all kinds of invalid messages, drawn from a seed. */
import { createHash } from "node:crypto";
import { open, seal } from "../../../lib/cluster/protocol/envelope.ts";
import { Signer } from "../../../lib/cluster/protocol/signer.ts";
import type { LogMessage, Transport } from "../../../lib/cluster/protocol/transport.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";

/** Where the length of a header is in a message, and the header. */
const LENGTH_AT = 32 + 64;
const HEADER_AT = LENGTH_AT + 4;
const HUGE = 2 ** 53 - 1;

export class Hostile {
  readonly #transport: Transport;
  readonly #random: Random;
  readonly #signer = new Signer("evil");
  /** Messages of the log, which it sends again. */
  readonly seen: LogMessage[] = [];
  #count = 0;

  constructor(transport: Transport, seed: number) {
    this.#transport = transport;
    this.#random = new Random(seed, Stream.chaos);
  }

  /** Writes a message, or sometimes a register. */
  async strike(): Promise<void> {
    if (this.#random.below(40) === 0) return await this.#overwrite();
    const { subject, data } = this.#message();
    await this.#transport.publish(subject, data, { id: `evil.${this.#count++}` });
  }

  #message(): { subject: string; data: Uint8Array } {
    const subject = this.#pick(["up", "down"]);
    const old = this.seen.length > 0 ? this.#pick(this.seen) : undefined;
    switch (this.#random.below(old ? 9 : 6)) {
      case 0:
        return { subject, data: this.#bytes(this.#random.below(600)) };
      case 1: // A valid envelope with a wrong header.
        return { subject, data: seal(this.#pick([null, 1, "text", [], {}, { type: "lead" }]), this.#bytes(9)) };
      case 2:
        return { subject, data: unreadable() };
      case 3:
        return {
          subject: "down",
          data: this.#signed({ type: "lead", term: this.#number(), leader: "evil", round: 0 }),
        };
      case 4:
        return { subject: "up", data: this.#signed(this.#upload()) };
      case 5:
        return {
          subject: "down",
          data: this.#signed({ type: "base", term: this.#number(), round: 3, object: this.#object() }),
        };
      case 6: // A repetition.
        return old!;
      case 7: { // A changed header, signed with the stranger's key.
        const { header, body } = opened(old!.data);
        const round = this.#number();
        return { subject: old!.subject, data: seal({ ...header, round, current: round }, body, this.#signer.sign) };
      }
      default: { // A changed bit.
        const data = old!.data.slice();
        data[this.#random.below(data.length)]! ^= 1 << this.#random.below(8);
        return { subject: old!.subject, data };
      }
    }
  }

  async #overwrite(): Promise<void> {
    const key = this.#pick(["member.evil", "member.x", "member.other", "lease", "run"]);
    const value = this.#pick([
      "garbage",
      "{}",
      "null",
      "[".repeat(10_000),
      JSON.stringify({ holder: "evil", beat: 1, term: HUGE }),
      JSON.stringify({ member: "evil", round: 1e9, inStep: true, workers: 1000 }),
    ]);
    const entry = await this.#transport.register(key);
    await this.#transport.write(key, value, entry?.revision ?? "new");
  }

  #signed(message: object): Uint8Array {
    const header = { run: this.#run(), from: this.#signer.next(), ...message };
    return seal(header, this.#bytes(20), this.#signer.sign);
  }

  #upload() {
    const object = this.#object();
    const nodes = [{ first: 0, last: 1 + this.#random.below(8), bytes: object.bytes }];
    return { type: "upload", member: this.#pick(["evil", "a", "b"]), round: this.#random.below(50), nodes, object };
  }

  #object() {
    const bytes = this.#pick([20, 28, 2000, 1e15, HUGE]);
    const chunks = this.#pick([0, 1, 1e6]);
    return { id: this.#pick(["x", ">", "*", "a.0.1"]), bytes, sha256: "0".repeat(64), chunks, from: 0, to: HUGE };
  }

  /** Returns the id of the run, which all clients can read. */
  #run(): unknown {
    for (const { data } of this.seen) {
      const { run } = opened(data).header;
      if (typeof run === "string") return run;
    }
    return "toy";
  }

  #number(): number {
    return this.#pick([0, 1, 7, 100, 10_000, HUGE]);
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#random.below(256));
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }
}

/** Returns a message with valid digests whose header is not JSON. */
function unreadable(): Uint8Array {
  const bytes = seal("this is not JSON");
  bytes[HEADER_AT] = "t".charCodeAt(0);
  const sha256 = (...parts: Uint8Array[]) => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  bytes.set(sha256(bytes.subarray(32, LENGTH_AT), sha256(bytes.subarray(LENGTH_AT))));
  return bytes;
}

/** Opens a message. Returns an empty header for garbage. */
function opened(data: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  try {
    const { header, body } = open(data);
    return { header: { ...header as object }, body };
  } catch {
    return { header: {}, body: new Uint8Array() };
  }
}
