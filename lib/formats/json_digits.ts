/** Parses JSON and keeps the written digits of numbers that JavaScript would change. */

/** A number that JavaScript would write differently: 9007199254740993, 1.0, 2.50, 1e2, -0. */
export class WrittenNumber {
  readonly #digits: string;

  constructor(digits: string) {
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits;
  }

  /** Returns the nearest number. */
  toJSON(): number {
    return Number(this.#digits);
  }
}

/** Matches what may be such a number: a point, an exponent, a negative zero, or too many digits. */
const SUSPECT = /[[,:\s](-0|-?\d+(?:[.eE]|(?<=\d{16}))[\d.eE+-]*)/;

/** Matches any text with such a number, and is three times as fast. */
const UNUSUAL_DIGITS = /\d(?:[.eE]|\d{15})|-0/;

/** Parses like JSON.parse(), but with a WrittenNumber for each number that JavaScript would write differently. */
export function parseWithDigits(text: string): unknown {
  if (!UNUSUAL_DIGITS.test(text) || !SUSPECT.test(text)) return JSON.parse(text);
  return JSON.parse(text, keepDigits);
}

/** Its third argument is missing in TypeScript's own types. */
function keepDigits(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value !== "number" || source === undefined || String(value) === source
    ? value
    : new WrittenNumber(source);
}

/** Tells whether `value` is a number in any form. */
export function isNumber(value: unknown): value is number | WrittenNumber {
  return typeof value === "number" || value instanceof WrittenNumber;
}
