/** A request's body as JSON, within a limit of bytes whatever its headers say. */
import { setImmediate } from "node:timers/promises";
import { describe } from "../data/sequences.ts";
import { errorMessage, InputError } from "../errors.ts";
import { Refusal } from "./problem.ts";

/** JSON's own, none, and what `curl -d` and `fetch` claim when they are not told: those are taken as JSON too. */
const TYPES = /^((application\/(json|[\w.-]+\+json|x-www-form-urlencoded)|text\/plain)\s*(;.*)?)?$/i;

/**
 * What stands for bytes that are no UTF-8 once they are text. The character itself is refused with them: which of the two
 * it was is not known any more.
 */
const REPLACEMENT = "\uFFFD";

/** Shorter bodies are parsed in a moment, whatever they are. */
const QUICK = 65_536;
/** A long one that is nested more deeply takes the parser ten times as long as others, and nobody needs it. */
const MOST_DEPTH = 64;
/** A long one of more lists, objects and texts, keys among them, takes the parser several times as long. */
const MOST_PARTS = 20_000;

/** Throws a Refusal for a type that is not JSON's or a body over the limit, an InputError for one that is not JSON. */
export async function readJson(request: Request, limitBytes: number): Promise<unknown> {
  const type = request.headers.get("content-type");
  if (type !== null && type !== "application/json" && !TYPES.test(type.trim())) {
    const message = `Content-Type is ${describe(type)}: expected application/json`;
    throw new Refusal(415, { field: "Content-Type", message });
  }
  const declared = request.headers.get("Content-Length");
  const length = declared === null ? Infinity : Number(declared);
  if (declared !== null && length > limitBytes) throw tooLarge(limitBytes);
  let value: unknown;
  try {
    // Several times as fast as any other way, and no longer than it says it is: the server sees to that.
    value = length > 0 && length <= QUICK ? await request.json() : await parseText(await readText(request, limitBytes));
  } catch (error) {
    if (error instanceof Refusal || error instanceof InputError) throw error;
    const what = error instanceof SyntaxError ? "is not JSON" : "broke off";
    throw bodyError(`the body ${what}: ${errorMessage(error)}`);
  }
  if (holdsReplacement(value)) {
    throw bodyError("the body is not UTF-8, or holds U+FFFD: expected JSON in UTF-8 without it");
  }
  return value;
}

async function parseText(text: string): Promise<unknown> {
  if (text.trim() === "") throw bodyError("the body is empty: expected JSON");
  if (text.length <= QUICK) return JSON.parse(text);
  checkStructure(text);
  await setImmediate();
  const value: unknown = JSON.parse(text);
  // Others get their turn before what was parsed is looked at.
  await setImmediate();
  return value;
}

/** Whether a text in `value`, or a key, holds the replacement character. */
function holdsReplacement(value: unknown): boolean {
  // Not by recursion: a body of 64 KiB may be nested more deeply than the stack.
  const unseen: Record<string, unknown>[] = [];
  const holds = (part: unknown): boolean => {
    if (typeof part === "string") return part.includes(REPLACEMENT);
    if (typeof part === "object" && part !== null) unseen.push(part as Record<string, unknown>);
    return false;
  };
  if (holds(value)) return true;
  for (let part = unseen.pop(); part; part = unseen.pop()) {
    if (Array.isArray(part)) {
      for (const item of part) if (typeof item !== "number" && holds(item)) return true;
    } else {
      for (const key in part) if (key.includes(REPLACEMENT) || holds(part[key])) return true;
    }
  }
  return false;
}

function readText(request: Request, limitBytes: number): Promise<string> {
  // A body that was once looked at is a stream from then on.
  if (request.headers.has("Content-Length") || !request.body) return request.text();
  return readChunks(request.body, limitBytes);
}

async function readChunks(body: ReadableStream<Uint8Array>, limitBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

const [QUOTE, BACKSLASH] = [34, 92];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

/** Throws an InputError for JSON that is slow to parse, before it is parsed. */
function checkStructure(text: string): void {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
    if (code === OPEN_LIST || code === OPEN_OBJECT) depth++;
    else if (code === QUOTE) at = endOfString(text, at);
    else continue;
    if (depth > MOST_DEPTH) {
      throw bodyError(`the body is nested too deeply: expected at most ${MOST_DEPTH} lists or objects in each other`);
    }
    if (++parts > MOST_PARTS) {
      throw bodyError(`the body has too many parts: expected at most ${MOST_PARTS} lists, objects, keys and texts`);
    }
  }
}

/** Where the string that begins at `begin` ends; the end of `text` if it does not. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

function tooLarge(limitBytes: number): Refusal {
  return new Refusal(413, {
    field: "body",
    message: `the body is too large: expected at most ${limitBytes} bytes`,
  });
}

function bodyError(message: string): InputError {
  return new InputError([{ field: "body", message }]);
}
