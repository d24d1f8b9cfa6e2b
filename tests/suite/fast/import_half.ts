/**
 * Registers the tests of the group `fast` in two threads in place of one per file: most of what these files would cost is
 * that each loads the same modules.
 */
import { groupFiles, testFiles } from "../groups.ts";

/** Imports every second file of the group, from the first (0) or the second (1) on. */
export async function importHalf(half: 0 | 1): Promise<void> {
  const { fast } = groupFiles(testFiles());
  for (const [index, path] of fast.entries()) {
    if (index % 2 === half) await import(new URL(`../../../${path}`, import.meta.url).href);
  }
}
