/** Reads and generates sequences of tokens. */

/** Splits typed text at spaces and commas into numbers. Returns other words unchanged. */
export function parseTokens(text: string): (number | string)[] {
  return text.split(/[\s,]+/).filter((word) => word !== "").map((word) => {
    const value = Number(word);
    return Number.isFinite(value) ? value : word;
  });
}

/** Returns a valid sequence. `random` returns numbers from 0 to 1, exclusive. */
export function randomTokens(length: number, vocabulary: number, random: () => number): number[] {
  return Array.from({ length }, () => Math.floor(random() * vocabulary));
}
