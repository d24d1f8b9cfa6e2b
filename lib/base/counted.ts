/** Formats counts and shares in English. The dashboard uses this module, too, so it is plain JavaScript without its types. */

const format = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Formats a whole number: `1,234`. */
export function whole(number: number): string {
  return format.format(number);
}

/**
 * Formats a count: `1 row`, `1,234 rows`. `many` is needed only for an irregular plural or a verb:
 * `counted(rows, "row has", "rows have")`.
 */
export function counted(number: number, one: string, many: string = plural(one)): string {
  return `${whole(number)} ${number === 1 ? one : many}`;
}

function plural(noun: string): string {
  if (/(?:s|x|sh|tch)$/.test(noun)) return `${noun}es`;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** Formats a share: `98.75%`. */
export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)}%`;
}
