/** Sequences as they are typed. */

/** What is typed between spaces or commas: numbers where they are numbers, else the words as they are. */
export function parseTokens(text: string): (number | string)[] {
  return text.split(/[\s,]+/).filter((word) => word !== "").map((word) => {
    const value = Number(word);
    return Number.isFinite(value) ? value : word;
  });
}

/** A valid sequence; `random` gives numbers from 0 up to, not including, 1. */
export function randomTokens(length: number, vocabulary: number, random: () => number): number[] {
  return Array.from({ length }, () => Math.floor(random() * vocabulary));
}
