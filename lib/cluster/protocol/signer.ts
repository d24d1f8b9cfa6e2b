/**
 * Signs the messages of one life of a machine (Ed25519, RFC 8032). The key pair is generated when the machine starts, and
 * the private key is never stored. The machine's register has the public key.
 */
import { remember } from "../../base/remember.ts";
import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";

/** The sender of a message: its name, its public key, and the number of its earlier messages. */
interface Sender {
  readonly member: string;
  /** 32 bytes in base64url. */
  readonly key: string;
  readonly count: number;
}

/** Limits the cache of parsed keys to more than the machines of any run. */
const PARSED = 256;

/** Limits the digests of own messages. A leader has only a few messages on their way. */
const OWN = 64;

const parsed = new Map<string, KeyObject>();

export class Signer {
  readonly #member: string;
  readonly #privateKey: KeyObject;
  readonly key: string;
  #count = 0;
  readonly #signed = new Map<string, true>();

  constructor(member: string) {
    this.#member = member;
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.#privateKey = privateKey;
    this.key = publicKey.export({ format: "jwk" }).x!;
  }

  /** Returns the sender for the header of the next message. */
  next(): Sender {
    return { member: this.#member, key: this.key, count: this.#count++ };
  }

  readonly sign = (digest: Uint8Array): Uint8Array => {
    remember(this.#signed, base64Of(digest), true, OWN);
    return sign(null, digest, this.#privateKey);
  };

  /**
   * Tells whether `signature` is one of `digest` by the private key of `key`. This machine reads its own recent messages
   * back from the log: their digests are known, so it skips the verification.
   */
  isSigned(digest: Uint8Array, signature: Uint8Array, key: string): boolean {
    return key === this.key && this.#signed.has(base64Of(digest)) || isSigned(digest, signature, key);
  }
}

function base64Of(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("base64");
}

/** Tells whether `signature` is one of `digest` by the private key of `key`. */
export function isSigned(digest: Uint8Array, signature: Uint8Array, key: string): boolean {
  try {
    let object = parsed.get(key);
    if (!object) {
      object = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
      remember(parsed, key, object, PARSED);
    }
    return verify(null, digest, object, signature);
  } catch {
    return false; // `key` is not a public key.
  }
}
