/** Reads a request's body as JSON, within a limit of bytes that holds for every header. */
import { counted } from "../../base/counted.ts";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Context } from "hono";
import { parseWithDigits } from "../../formats/json_digits.ts";
import { describe } from "../../base/printable.ts";
import { errorMessage, InputError, inputError } from "../../base/errors.ts";
import type { Reader } from "../../predict/types.ts";
import { parseInTurns } from "./long_json.ts";
import { Refusal } from "./problem.ts";
import type { Asked, RouteEnv } from "./routes.ts";

/** The types of JSON, none, and the defaults of `curl -d` and `fetch`: these are read as JSON too. */
const TYPES = /^((application\/(json|[\w.-]+\+json|x-www-form-urlencoded)|text\/plain)\s*(;.*)?)?$/i;

/** Shorter bodies are parsed fast, whatever the order of their characters. */
const QUICK = 65_536;
/**
 * Reads the body. Throws a Refusal for another type than JSON, a body over the limit or one without room in memory, an
 * InputError for invalid JSON.
 * `textless`: the caller refuses strings anyway, so invalid UTF-8 may become U+FFFD. `digits`: numbers name tokens, so
 * those that JavaScript would write differently become WrittenNumbers. `optional`: an empty body is undefined.
 */
export async function readJsonBody(
  { req: { raw: request }, env: asked }: Context<RouteEnv>,
  limitBytes: number,
  { textless = false, digits = false, optional = false } = {},
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
  // The connection is closed if the body takes too long: a timer for each body would cost more than reading it.
  const { reading } = asked.peer;
  const own = { since: asked.peer.clock() };
  reading.push(own);
  try {
    if (isPacked) return await parse(decode(await unpacked(request, limitBytes, asked)), digits, optional);
    if (length !== undefined && length <= QUICK) {
      hold(asked, length);
      // The runtime's fastest path: every other one makes the whole request a tenth slower.
      if (textless && length > 0) return await request.json();
    }
    return await parse(decode(await readBytes(request, length, limitBytes, asked)), digits, optional);
  } catch (error) {
    if (error instanceof Refusal || error instanceof InputError) throw error;
    const what = error instanceof SyntaxError ? "is not JSON" : "is incomplete";
    throw bodyError(`the body ${what}: ${errorMessage(error)}`);
  } finally {
    if (reading.length === 1) reading.pop();
    else reading.splice(reading.indexOf(own), 1);
  }
}

/** Reserves `bytes` of the memory for bodies, until `asked` is answered. */
function hold(asked: Asked, bytes: number): void {
  asked.bodies.take(bytes);
  asked.held += bytes;
}

/** Returns the options for the bodies of a model. Runs of the first rules read numbers among their tokens by value. */
export function bodyOf({ text, rules }: Reader): { readonly textless: boolean; readonly digits: boolean } {
  return { textless: !text, digits: text && rules !== 1 };
}

async function parse(text: string, digits: boolean, optional: boolean): Promise<unknown> {
  if (text.trim() === "" && optional) return undefined;
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

/** Reads a whole body, which the runtime keeps within its declared length. */
async function readBytes(
  request: Request,
  length: number | undefined,
  limitBytes: number,
  asked: Asked,
): Promise<ArrayBuffer | Uint8Array> {
  // Reading `request.body` makes it a stream, which is slower. Without it the runtime allocates the declared length at
  // once: a client that declares much and sends nothing must not take that memory.
  if (length !== undefined && length <= QUICK || !request.body) return await request.arrayBuffer();
  return await collected(request.body, limitBytes, asked);
}

/** Yields `chunks`, and throws beyond the limit. */
async function* limited(chunks: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array, void, void> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

/** Copies all bytes of `chunks`: each chunk retains a buffer of the runtime, however few bytes the client sent. */
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

/** Bytes that are unpacked at once: a zip bomb is refused at most this far beyond the limit. */
const UNPACKED_BYTES = 65_536;

/** Unpacks a gzip body. The limit holds for the packed and for the unpacked bytes. */
async function unpacked({ body }: Request, limitBytes: number, asked: Asked): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES });
  // Errors of the input come out of the stream.
  pipeline(Readable.from(limited(body, limitBytes)), gunzip, () => {});
  try {
    return await collected(gunzip as AsyncIterable<Uint8Array>, limitBytes, asked);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw code.startsWith("Z_")
      ? bodyError(`the body is not gzip, which its Content-Encoding declares: ${errorMessage(error)}`)
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
  return inputError("body", message);
}
