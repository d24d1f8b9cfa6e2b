/**
 * Sends bytes of any size through a log with limited messages: in the message that commits them if they fit, otherwise as
 * chunks before it. Readers skip damaged and duplicate chunks. Bytes that cannot be assembled are Damaged, and the reader
 * requests them again.
 */
import { Damaged, Malformed, open, seal, sha256 } from "./envelope.ts";
import { chunkSchema, type ObjectReference } from "./messages.ts";
import { type Reading, readUntilQuiet } from "./read_until_quiet.ts";
import { retry } from "./retry.ts";
import { isSigned, type Signer } from "./signer.ts";
import { Subject, Unreachable } from "./transport.ts";

/** Bytes of a chunk: half of the default limit of a NATS message. */
export const CHUNK_BYTES = 512 * 1024;

/** Missing chunks that do not come for this long are lost. */
const QUIET_MS = 5000;
/** An object that lacks a chunk after so many readings is damaged in the log. */
const ATTEMPTS = 3;

interface Writing extends Reading {
  readonly signer: Signer;
}

/** Chunks on their way at a time: enough to fill a fast link, and 2 MiB of memory. */
const IN_FLIGHT = 4;

/**
 * Publishes the chunks of `bytes` if they exceed `inline`. Resolves to the reference and the body of the message that
 * commits them.
 */
export async function putObject(
  { transport, clock, signal, signer }: Writing,
  id: string,
  bytes: Uint8Array,
  inline = CHUNK_BYTES,
): Promise<{ readonly reference: ObjectReference; readonly body: Uint8Array }> {
  const reference = { id, bytes: bytes.length, sha256: sha256(bytes), chunks: 0, from: 0, to: 0 };
  if (bytes.length <= inline) return { reference, body: bytes };
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
  const sequences: number[] = [];
  let next = 0;
  const publishOneByOne = async () => {
    while (next < chunks) {
      const index = next++;
      const part = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      const message = seal({ from: signer.next(), object: id, index, count: chunks }, part, signer.sign);
      const options = { id: `${id}.${index}` };
      sequences.push((await retry(clock, signal, () => transport.publish(Subject.chunks(id), message, options)))!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(chunks, IN_FLIGHT) }, publishOneByOne));
  const [from, to] = [Math.min(...sequences), Math.max(...sequences)];
  return { reference: { ...reference, chunks, from, to }, body: new Uint8Array() };
}

/** Reads the object of a message with `reference` and `body`. Its chunks are signed with `key`. Throws Damaged. */
export async function getObject(
  reading: Reading,
  reference: ObjectReference,
  body: Uint8Array,
  key: string,
): Promise<Uint8Array> {
  const bytes = reference.chunks === 0 ? body : await readChunks(reading, reference, key);
  if (bytes.length !== reference.bytes || sha256(bytes) !== reference.sha256) {
    throw new Damaged(`Object ${reference.id} is damaged: its digest differs`);
  }
  return bytes;
}

/** Reads all chunks of an object, and repeats it for those that were damaged on their way. */
async function readChunks(reading: Reading, reference: ObjectReference, key: string): Promise<Uint8Array> {
  const { id, bytes, chunks, to } = reference;
  const whole = new Uint8Array(bytes);
  const missing = new Set(Array.from({ length: chunks }, (_, index) => index));
  for (let attempt = 0; attempt < ATTEMPTS && missing.size > 0; attempt++) {
    for await (const { data, sequence } of candidates(reading, reference)) {
      const chunk = readChunk(data, id, key);
      const length = chunk && Math.min(CHUNK_BYTES, bytes - chunk.index * CHUNK_BYTES);
      if (chunk && chunk.body.length === length && missing.delete(chunk.index)) {
        whole.set(chunk.body, chunk.index * CHUNK_BYTES);
      }
      if (missing.size === 0 || sequence >= to) break;
    }
  }
  if (missing.size > 0) throw new Damaged(`Object ${id} lacks ${missing.size} of ${chunks} chunks`);
  return whole;
}

/** Yields the messages that may be chunks of the object, until they stop. */
async function* candidates(reading: Reading, { id, from }: ObjectReference) {
  try {
    yield* readUntilQuiet(reading, Subject.chunks(id), from, QUIET_MS);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    await reading.clock.sleep(QUIET_MS, reading.signal);
  }
  reading.signal.throwIfAborted();
}

/** Decodes a chunk. Returns undefined if it is damaged, of another object, or not signed with `key`. */
function readChunk(data: Uint8Array, id: string, key: string): { index: number; body: Uint8Array } | undefined {
  try {
    const { header, body, digest, signature } = open(data);
    const chunk = chunkSchema.safeParse(header).data;
    const isOwn = chunk?.object === id && chunk.from.key === key && isSigned(digest, signature, key);
    return isOwn ? { index: chunk.index, body } : undefined;
  } catch (error) {
    if (error instanceof Damaged || error instanceof Malformed) return undefined;
    throw error;
  }
}
