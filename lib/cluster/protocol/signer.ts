/**
 * The key of one life of a machine: made when it starts, never written down. The public half stands in the machine's
 * register, and everything that it says in the log is signed with the other (Ed25519, RFC 8032).
 */
import { remember } from "../../base/remember.ts";
import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";

/** Who says something: its name, its public key, and how many messages it had said before. */
export interface Sender {
  readonly member: string;
  /** 32 bytes in base64url. */
  readonly key: string;
  readonly count: number;
}

/** Keys that are kept parsed: more than machines take part. */
const PARSED = 256;

/** Own digests that are kept: a leader has a few messages on their way. */
const OWN = 64;

const parsed = new Map<string, KeyObject>();

export class Signer {
  readonly #member: string;
  readonly #secret: KeyObject;
  readonly key: string;
  #count = 0;
  readonly #signed = new Set<string>();

  constructor(member: string) {
    this.#member = member;
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.#secret = privateKey;
    this.key = publicKey.export({ format: "jwk" }).x!;
  }

  /** For the header of the next message. */
  next(): Sender {
    return { member: this.#member, key: this.key, count: this.#count++ };
  }

  readonly sign = (digest: Uint8Array): Uint8Array => {
    if (this.#signed.size >= OWN) this.#signed.delete(this.#signed.values().next().value!);
    this.#signed.add(textOf(digest));
    return sign(null, digest, this.#secret);
  };

  /**
   * Whether `signature` is one of `digest` by the secret half of `key`. What this machine has said lately comes back to it
   * from the log, and is known without: only it has said it.
   */
  isSigned(digest: Uint8Array, signature: Uint8Array, key: string): boolean {
    return key === this.key && this.#signed.has(textOf(digest)) || isSigned(digest, signature, key);
  }
}

function textOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("base64");
}

/** Whether `signature` is one of `digest` by the secret half of `key`. */
export function isSigned(digest: Uint8Array, signature: Uint8Array, key: string): boolean {
  try {
    let object = parsed.get(key);
    if (!object) {
      object = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
      remember(parsed, key, object, PARSED);
    }
    return verify(null, digest, object, signature);
  } catch {
    return false; // It is no key.
  }
}
