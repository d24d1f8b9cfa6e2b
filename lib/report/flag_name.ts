/** Names the flags of the command line, which the page writes too. */

/** Keys of lists whose flag is given once for each item. */
const SINGULAR: Readonly<Record<string, string>> = { tags: "tag" };

/** `batchSize` → `batch-size`. */
export function flagName(key: string): string {
  return (SINGULAR[key] ?? key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
