/** JSON whose numbers keep the digits that were written, where these say more than the number that they come to. */

/** A number that is not written as JavaScript writes it: 9007199254740993, 1.0, 2.50, 1e2, -0. */
export class WrittenNumber {
  readonly #digits: string;

  constructor(digits: string) {
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits;
  }

  /** As near as a number comes to it. */
  toJSON(): number {
    return Number(this.#digits);
  }
}

/** What may be such a number: a point, an exponent, a negative zero, or more digits than are exact. */
const SUSPECT = /[[,:\s](-0|-?\d+(?:[.eE]|(?<=\d{16}))[\d.eE+-]*)/;

/** Matches wherever there is one, and is found three times as fast. */
const UNUSUAL_DIGITS = /\d(?:[.eE]|\d{15})|-0/;

/** What JSON.parse gives, with a WrittenNumber for each number that is not written as JavaScript writes it. */
export function parseWithDigits(text: string): unknown {
  if (!UNUSUAL_DIGITS.test(text) || !SUSPECT.test(text)) return JSON.parse(text);
  return JSON.parse(text, keepDigits);
}

/** The language's types do not know the third argument yet. */
function keepDigits(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value !== "number" || source === undefined || String(value) === source
    ? value
    : new WrittenNumber(source);
}

/** Whether `value` is a number, however it is written. */
export function isNumber(value: unknown): value is number | WrittenNumber {
  return typeof value === "number" || value instanceof WrittenNumber;
}
