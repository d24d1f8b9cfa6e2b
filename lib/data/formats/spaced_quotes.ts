/** Fields that are quoted behind a space, as in `"a, really", "good"`: RFC 4180 takes such quotes as characters. */

/**
 * Whether a text has such a field behind a `delimiter`. Within quotes that are RFC 4180's a quote is doubled, so that none
 * stands alone behind a delimiter and a space.
 */
export function hasSpacedQuotes(text: string, delimiter: string): boolean {
  for (let at = text.indexOf(`${delimiter} `); at >= 0; at = text.indexOf(`${delimiter} `, at + 1)) {
    let quote = at + delimiter.length;
    while (text[quote] === " ") quote++;
    if (text[quote] === '"' && text[quote + 1] !== '"') return true;
  }
  return false;
}

/** A field whose quotes begin it, space aside. */
const OPENS = /^ +"/;
/** All of such a field; quotes within it are doubled. */
const WHOLE = /^ +"((?:[^"]|"")*)"\s*$/;

/**
 * `record` with such fields as they are meant; a field that was cut at a `delimiter` within its quotes is one again. One
 * whose quotes do not end, or are not doubled, stays as it is.
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

/** The field at `at`, and the last one that belongs to it. */
function quoted(record: readonly string[], at: number, delimiter: string): [content: string, end: number] {
  let field = record[at]!;
  if (!OPENS.test(field)) return [field, at];
  for (let end = at; end < record.length; field += `${delimiter}${record[++end]}`) {
    const content = WHOLE.exec(field)?.[1];
    if (content !== undefined) return [content.replaceAll('""', '"'), end];
  }
  return [record[at]!, at];
}
