/**
 * Makes foreign text (labels, rows, names of files, requests) safe to print: it stays on one line, cannot control a
 * terminal, and cannot forge lines of a log.
 */

/** Matches control and format characters, line and paragraph separators, and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const ALL_BUT_LINE_FEEDS = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--\n]/gv;

/** Limits an excerpt, in characters. */
const MOST_CHARACTERS = 40;

/** Returns `text` on one line, with "·" for each character that is invisible or has an effect. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "·");
}

/** The same, shortened to fit into a line with other text. */
export function printableExcerpt(text: string): string {
  return shortened(printable(text), MOST_CHARACTERS);
}

/** The same for a text whose line breaks are the caller's own. */
export function printableLines(text: string): string {
  return text.replace(ALL_BUT_LINE_FEEDS, "·");
}

/** Returns `value` as JSON with escapes for unprintable characters, on one line unless `indent` is given. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(ALL_BUT_LINE_FEEDS, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Limits a value in a message, in characters. */
const MOST_SHOWN = 60;

/** Shortens `text` to at most `most` characters, by default for a message. */
export function shortened(text: string, most = MOST_SHOWN): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Returns `value` as JSON, shortened for a message. A large value takes no longer than a small one. */
export function shortJson(value: unknown): string {
  return shortened(beginning(value, MOST_SHOWN));
}

/** The same, and "missing" for no value. */
export function describe(value: unknown): string {
  return value === undefined ? "missing" : shortJson(value);
}

/** Returns at least the first `room` characters of the JSON of `value`, if it has as many. */
function beginning(value: unknown, room: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, room + 1));
  if (typeof value !== "object" || value === null || "toJSON" in value) return JSON.stringify(value) ?? String(value);
  let text = Array.isArray(value) ? "[" : "{";
  for (const [name, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (text.length > room) return text;
    if (text.length > 1) text += ",";
    if (typeof name === "string") text += `${beginning(name, room)}:`;
    text += beginning(item, room - text.length);
  }
  return text + (Array.isArray(value) ? "]" : "}");
}

/** Returns a pattern that matches exactly `text`. Node 22 has no RegExp.escape. */
export function patternOf(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
