/** A request's body as JSON, within a limit of bytes whatever its headers say. */
import { counted } from "../../base/counted.ts";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Context } from "hono";
import { parseWithDigits } from "../../data/json_digits.ts";
import { describe } from "../../data/batches/check_tokens.ts";
import { errorMessage, InputError } from "../../base/errors.ts";
import type { Reader } from "../../predict/types.ts";
import { parseInTurns } from "./long_json.ts";
import { Refusal } from "./problem.ts";
import type { Asked, RouteEnv } from "./routes.ts";

/** JSON's own, none, and what `curl -d` and `fetch` claim when they are not told: those are taken as JSON too. */
const TYPES = /^((application\/(json|[\w.-]+\+json|x-www-form-urlencoded)|text\/plain)\s*(;.*)?)?$/i;

/** Shorter bodies are parsed in a moment, whatever they are. */
const QUICK = 65_536;
/**
 * Throws a Refusal for a type that is not JSON's, a body over the limit or one that memory has no room for, an InputError
 * for one that is not JSON.
 * `textless` where a text in it is refused whatever it says: then bytes that are no UTF-8 may come as U+FFFD. `digits`
 * where numbers are names of tokens: then those that are not written as JavaScript writes them are WrittenNumbers.
 */
export async function readJson(
  { req: { raw: request }, env: asked }: Context<RouteEnv>,
  limitBytes: number,
  { textless = false, digits = false } = {},
): Promise<unknown> {
  const type = request.headers.get("content-type");
  if (type !== null && type !== "application/json" && !TYPES.test(type.trim())) {
    const message = `Content-Type is ${describe(type)}: expected application/json`;
    throw new Refusal(415, { field: "Content-Type", message });
  }
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() || "identity";
  const isPacked = encoding === "gzip" || encoding === "x-gzip";
  if (!isPacked && encoding !== "identity") {
    const message = `Content-Encoding is ${describe(encoding)}: expected gzip, or none`;
    throw new Refusal(415, { field: "Content-Encoding", message }, { "Accept-Encoding": "gzip" });
  }
  const declared = request.headers.get("content-length");
  const length = declared === null ? undefined : Number(declared);
  if (length !== undefined && length > limitBytes) throw tooLarge(limitBytes);
  // The connection is closed if it takes too long: a timer for each body would cost more than to read it.
  const { reading } = asked.peer;
  const own = { since: asked.peer.clock() };
  reading.push(own);
  try {
    if (isPacked) return await parse(decode(await unpacked(request, limitBytes, asked)), digits);
    if (length !== undefined && length <= QUICK) {
      hold(asked, length);
      // The runtime's shortest way: every other takes a tenth longer for the whole request.
      if (textless && length > 0) return await request.json();
    }
    return await parse(decode(await readBytes(request, length, limitBytes, asked)), digits);
  } catch (error) {
    if (error instanceof Refusal || error instanceof InputError) throw error;
    const what = error instanceof SyntaxError ? "is not JSON" : "broke off";
    throw bodyError(`the body ${what}: ${errorMessage(error)}`);
  } finally {
    if (reading.length === 1) reading.pop();
    else reading.splice(reading.indexOf(own), 1);
  }
}

/** Takes `bytes` more of the memory for bodies, until `asked` is answered. */
function hold(asked: Asked, bytes: number): void {
  asked.bodies.take(bytes);
  asked.held += bytes;
}

/** How a body for a model is read. Runs of the first rules take numbers among their tokens by their value. */
export function bodyOf({ text, rules }: Reader): { readonly textless: boolean; readonly digits: boolean } {
  return { textless: !text, digits: text && rules !== 1 };
}

async function parse(text: string, digits: boolean): Promise<unknown> {
  if (text.trim() === "") throw bodyError("the body is empty: expected JSON");
  if (text.length <= QUICK) return digits ? parseWithDigits(text) : JSON.parse(text);
  return await parseInTurns(text, digits);
}

function decode(bytes: AllowSharedBufferSource): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw bodyError("the body is not UTF-8: expected JSON in UTF-8");
  }
}

/** All of a body, which is no longer than it says it is: the server sees to that. */
async function readBytes(
  request: Request,
  length: number | undefined,
  limitBytes: number,
  asked: Asked,
): Promise<ArrayBuffer | Uint8Array> {
  // A body that was once looked at is a stream from then on, which is slower. The runtime makes room at once for all of
  // one that is not: whoever declares much and sends nothing is to take nothing.
  if (length !== undefined && length <= QUICK || !request.body) return await request.arrayBuffer();
  return await collected(request.body, limitBytes, asked);
}

/** `chunks` with an error in place of what is over the limit. */
async function* limited(chunks: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array, void, void> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

/** All bytes of `chunks`, copied: each holds a buffer of the runtime's, however few bytes of it are the client's. */
async function collected(chunks: AsyncIterable<Uint8Array>, limitBytes: number, asked: Asked): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  let size = 0;
  for await (const chunk of limited(chunks, limitBytes)) {
    if (size + chunk.length > bytes.length) {
      const room = Math.min(limitBytes, 2 * (size + chunk.length));
      hold(asked, room - bytes.length);
      const larger = new Uint8Array(room);
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(chunk, size);
    size += chunk.length;
  }
  return bytes.subarray(0, size);
}

/** Bytes that are unpacked at once: a bomb is refused when so many are beyond the limit. */
const UNPACKED_BYTES = 65_536;

/** What gzip made a body of: as many bytes, packed and unpacked, as one that is not packed may have. */
async function unpacked({ body }: Request, limitBytes: number, asked: Asked): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES });
  // What goes wrong on the way in comes out of the stream.
  pipeline(Readable.from(limited(body, limitBytes)), gunzip, () => {});
  try {
    return await collected(gunzip as AsyncIterable<Uint8Array>, limitBytes, asked);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw code.startsWith("Z_")
      ? bodyError(`the body is not gzip, as its Content-Encoding says: ${errorMessage(error)}`)
      : error;
  }
}

function tooLarge(limitBytes: number): Refusal {
  return new Refusal(413, {
    field: "body",
    message: `the body is too large: expected at most ${counted(limitBytes, "byte")}`,
  });
}

function bodyError(message: string): InputError {
  return new InputError([{ field: "body", message }]);
}
