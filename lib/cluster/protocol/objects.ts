/**
 * Bytes of any size through a log whose messages are limited: in the message that commits them where they fit, else as
 * chunks before it. A chunk that is damaged or came twice is left out by its digest; bytes that cannot be put together
 * are Damaged, and whoever wants them asks again.
 */
import type { Clock } from "./clock.ts";
import { Damaged, Malformed, open, seal, sha256 } from "./envelope.ts";
import { chunkSchema, type ObjectReference } from "./messages.ts";
import { retry } from "./retry.ts";
import { isSigned, type Signer } from "./signer.ts";
import { Subject, type Transport, Unreachable } from "./transport.ts";

/** Bytes of a chunk: half of the default limit of a NATS message. */
export const CHUNK_BYTES = 512 * 1024;

/** Chunks without any news for this long are not coming. */
const PATIENCE_MS = 5000;
/** What lacks a chunk after so many readings is damaged in the log. */
const ATTEMPTS = 3;

interface Reading {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Writing extends Reading {
  readonly signer: Signer;
}

/** Chunks that may be on their way at a time: enough for a fast link to have no gaps, and 2 MiB of memory. */
const IN_FLIGHT = 4;

/**
 * Publishes the chunks of `bytes`, if there are more than `inline`; resolves to what the committing message says and
 * carries.
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

/** The bytes that `reference` names, where `body` came with it: all of them signed with `key`. Throws Damaged. */
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

/** All chunks of an object: those that are damaged on their way are read again. */
async function readChunks(reading: Reading, reference: ObjectReference, key: string): Promise<Uint8Array> {
  const { id, bytes, chunks, to } = reference;
  const whole = new Uint8Array(bytes);
  const missing = new Set(Array.from({ length: chunks }, (_, index) => index));
  for (let attempt = 0; attempt < ATTEMPTS && missing.size > 0; attempt++) {
    for await (const { data, sequence } of untilQuiet(reading, reference)) {
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

/** The messages that may be chunks of the object, until none has come for too long. */
async function* untilQuiet({ transport, clock, signal }: Reading, { id, from }: ObjectReference) {
  const stop = new AbortController();
  const forward = () => stop.abort();
  signal.addEventListener("abort", forward);
  let heardAt = clock.now();
  const watch = (async () => {
    while (!stop.signal.aborted) {
      const quiet = clock.now() - heardAt;
      if (quiet >= PATIENCE_MS) stop.abort();
      else await clock.sleep(PATIENCE_MS - quiet, stop.signal);
    }
  })();
  try {
    for await (const message of transport.read(Subject.chunks(id), from, stop.signal)) {
      heardAt = clock.now();
      yield message;
    }
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    await clock.sleep(PATIENCE_MS, signal);
  } finally {
    stop.abort();
    signal.removeEventListener("abort", forward);
    await watch;
  }
  signal.throwIfAborted();
}

/** Nothing if it is damaged, of another object, or not signed with `key`: what is missing in the end is asked for again. */
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
