/** The option `extendedAfter`: the numbers of epochs that a run had before it was resumed with more. */

/** Matches its values. */
export const EXTENDED_AFTER = /^(?:[1-9]\d{0,6}(?:,[1-9]\d{0,6}){0,99})?$/;

interface Extended {
  readonly epochs: number;
  readonly extendedAfter: string;
}

/** Returns all numbers of epochs that the run had one after the other, the present one last. */
export function epochsOf({ epochs, extendedAfter }: Extended): number[] {
  return [...extendedAfter.split(",").filter((text) => text !== "").map(Number), epochs];
}

/** Tells whether each extension added epochs. */
export function isAscending(config: Extended): boolean {
  const all = epochsOf(config);
  return all.every((epochs, at) => at === 0 || epochs > all[at - 1]!);
}
