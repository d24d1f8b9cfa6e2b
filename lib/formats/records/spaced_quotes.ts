/** Reads fields whose quotes follow a space, as in `"a, really", "good"`. In RFC 4180 such quotes are ordinary characters. */

/**
 * Tells whether a text has such a field after a `delimiter`. Within ordinary quotes a quote is doubled, so a single one
 * after a delimiter and a space begins such a field.
 */
export function hasSpacedQuotes(text: string, delimiter: string): boolean {
  for (let at = text.indexOf(`${delimiter} `); at >= 0; at = text.indexOf(`${delimiter} `, at + 1)) {
    let quote = at + delimiter.length;
    while (text[quote] === " ") quote++;
    if (text[quote] === '"' && text[quote + 1] !== '"') return true;
  }
  return false;
}

/** Matches the beginning of such a field. */
const OPENS = /^ +"/;
/** Matches the whole of such a field; quotes within it are doubled. */
const WHOLE = /^ +"((?:[^"]|"")*)"\s*$/;

/**
 * Returns `record` with the contents of such fields, and joins fields that were split at a `delimiter` within the quotes.
 * A field whose quotes do not end, or are not doubled, is unchanged.
 */
export function spacedQuotes(record: readonly string[], delimiter: string): readonly string[] {
  if (!record.some((field) => field.startsWith(" ") && OPENS.test(field))) return record;
  const fields: string[] = [];
  for (let at = 0; at < record.length; at++) {
    const [content, end] = quoted(record, at, delimiter);
    fields.push(content);
    at = end;
  }
  return fields;
}

/** Returns the content of the field at `at`, and the position of the last field that belongs to it. */
function quoted(record: readonly string[], at: number, delimiter: string): [content: string, end: number] {
  let field = record[at]!;
  if (!OPENS.test(field)) return [field, at];
  for (let end = at; end < record.length; field += `${delimiter}${record[++end]}`) {
    const content = WHOLE.exec(field)?.[1];
    if (content !== undefined) return [content.replaceAll('""', '"'), end];
  }
  return [record[at]!, at];
}
