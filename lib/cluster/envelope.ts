/**
 * A message as bytes: SHA-256 of all that follows (32 bytes), the length of the header (uint32, little-endian), the
 * header as JSON, the body. So nothing is read that is not what was written.
 */
import { createHash } from "node:crypto";

const DIGEST_BYTES = 32;
const PREFIX_BYTES = DIGEST_BYTES + 4;

/** Bytes that are not what was written. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** SHA-256 in hex. Not crypto.subtle's, whose promises no clock of a test can wait for. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function seal(header: unknown, body: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + body.length);
  new DataView(bytes.buffer).setUint32(DIGEST_BYTES, text.length, true);
  bytes.set(text, PREFIX_BYTES);
  bytes.set(body, PREFIX_BYTES + text.length);
  bytes.set(createHash("sha256").update(bytes.subarray(DIGEST_BYTES)).digest());
  return bytes;
}

/** What `seal` was given. Throws Damaged. */
export function open(bytes: Uint8Array): { readonly header: unknown; readonly body: Uint8Array } {
  const digest = createHash("sha256").update(bytes.subarray(DIGEST_BYTES)).digest();
  if (bytes.length < PREFIX_BYTES || digest.some((byte, i) => byte !== bytes[i])) {
    throw new Damaged(`A message of ${bytes.length} bytes is damaged: its digest differs`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(DIGEST_BYTES, true);
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length)));
  return { header, body: bytes.subarray(PREFIX_BYTES + length) };
}
