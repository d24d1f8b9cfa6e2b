/** Counts in English. The dashboard has this module too, so it is plain JavaScript when its types are gone. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/**
 * How many there are: `1 row`, `1,234 rows`. `many` is said of all numbers but 1; it need only be given where it is not
 * the usual plural, as with a verb: `counted(rows, "row has", "rows have")`.
 */
export function counted(number: number, one: string, many: string = plural(one)): string {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

function plural(noun: string): string {
  if (/(?:s|x|sh|tch)$/.test(noun)) return `${noun}es`;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}
