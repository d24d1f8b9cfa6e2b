/** Texts of others, such as labels, as a terminal may show them. */

/** `text` on one line, without what a terminal would obey, and not too long for a line. */
export function printable(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "·");
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
