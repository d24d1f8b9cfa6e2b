/**
 * Text of others (labels, rows, names of files, what a client sent) as it may be shown: it draws on one line, steers no
 * terminal and forges no line of a log.
 */

/** Control and format characters, line and paragraph separators, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const ALL_BUT_LINE_FEEDS = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--\n]/gv;

/** Of an excerpt. */
const MOST_CHARACTERS = 40;

/** `text` on one line: each character that would not be drawn, or would do something, is shown as "·". */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "·");
}

/** The same, not too long to stand among others in a line. */
export function printableExcerpt(text: string): string {
  const line = printable(text);
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line;
}

/** The same for a text of several lines, which are the caller's own. */
export function printableLines(text: string): string {
  return text.replace(ALL_BUT_LINE_FEEDS, "·");
}

/** `value` as JSON whose strings are printable, by escapes: who parses it gets them unchanged. One line, unless `indent` is given. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(ALL_BUT_LINE_FEEDS, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Characters of a value in a message. */
const MOST_SHOWN = 60;

/** `text`, short enough for a message. */
export function shortened(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 3)}…` : text;
}

/** `value` as JSON, short enough for a message. A large value takes no longer than a small one. */
export function shortJson(value: unknown): string {
  return shortened(beginning(value, MOST_SHOWN));
}

/** At least the first `room` characters of the JSON of `value`, if it has as many. */
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
