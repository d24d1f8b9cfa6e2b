/**
 * Encodes a message as bytes, so that readers detect damage and verify the sender:
 *
 *   check     │ SHA-256 of signature and digest, which detects damage on the way
 *   signature │ 64 bytes, of the digest, which is the SHA-256 of everything that follows; zeros without a signer
 *   length    │ uint32, little-endian: bytes of the header
 *   header    │ JSON
 *   body      │ any bytes
 */
import { createHash } from "node:crypto";

const DIGEST_BYTES = 32;
const SIGNATURE_BYTES = 64;
const LENGTH_AT = DIGEST_BYTES + SIGNATURE_BYTES;
const HEADER_AT = LENGTH_AT + 4;
/** Limits a header: that of a deal has some bytes for each shard. */
const MAX_HEADER = 256 * 1024;

/** The bytes differ from those that were written. Reading them again may help. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** The bytes are those that were written, but they are invalid. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

interface Opened {
  readonly header: unknown;
  readonly body: Uint8Array;
  /** The sender signs this digest. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

/** SHA-256 in hex. A test's clock cannot wait for the promises of crypto.subtle, so this is synchronous. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function seal(
  header: unknown,
  body: Uint8Array = new Uint8Array(),
  sign?: (digest: Uint8Array) => Uint8Array,
): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(HEADER_AT + text.length + body.length);
  new DataView(bytes.buffer).setUint32(LENGTH_AT, text.length, true);
  bytes.set(text, HEADER_AT);
  bytes.set(body, HEADER_AT + text.length);
  const digest = createHash("sha256").update(bytes.subarray(LENGTH_AT)).digest();
  if (sign) bytes.set(sign(digest), DIGEST_BYTES);
  bytes.set(checkOf(bytes, digest));
  return bytes;
}

/** Decodes the bytes of `seal`. Throws Damaged or Malformed. */
export function open(bytes: Uint8Array): Opened {
  if (bytes.length < HEADER_AT) throw new Malformed(`it has ${bytes.length} bytes, expected at least ${HEADER_AT}`);
  const digest = createHash("sha256").update(bytes.subarray(LENGTH_AT)).digest();
  if (checkOf(bytes, digest).some((byte, i) => byte !== bytes[i])) {
    throw new Damaged(`A message of ${bytes.length} bytes is damaged: its digest differs`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(LENGTH_AT, true);
  if (length > Math.min(MAX_HEADER, bytes.length - HEADER_AT)) throw new Malformed(`its header has ${length} bytes`);
  const signature = bytes.subarray(DIGEST_BYTES, LENGTH_AT);
  const body = bytes.subarray(HEADER_AT + length);
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_AT, HEADER_AT + length)));
    return { header, body, digest, signature };
  } catch {
    throw new Malformed("its header is not JSON");
  }
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function checkOf(bytes: Uint8Array, digest: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes.subarray(DIGEST_BYTES, LENGTH_AT)).update(digest).digest();
}
