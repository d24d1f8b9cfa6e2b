/** Finds the slowest files of a JUnit report. */

export interface FileTime {
  readonly path: string;
  readonly seconds: number;
}

/**
 * Sums the times of the test cases in `report` by the file that defines them, and returns the `count` longest. `origins`
 * has the files of tests that a helper defines, by their names.
 */
export function slowestFiles(report: string, count: number, origins: ReadonlyMap<string, string>): FileTime[] {
  const times = new Map<string, number>();
  for (const [tag] of report.matchAll(/<testcase [^>]*>/g)) {
    const name = unescaped(/\bname="([^"]*)"/.exec(tag)?.[1] ?? "");
    const path = origins.get(name) ?? /\bclassname="(?:\.\/)?([^"]*)"/.exec(tag)?.[1];
    const seconds = Number(/\btime="([^"]*)"/.exec(tag)?.[1]);
    if (path === undefined || Number.isNaN(seconds)) throw new Error(`Cannot read "${tag}" of the JUnit report`);
    times.set(path, (times.get(path) ?? 0) + seconds);
  }
  return [...times].map(([path, seconds]) => ({ path, seconds })).sort((a, b) => b.seconds - a.seconds).slice(0, count);
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescaped(text: string): string {
  return text.replaceAll(/&(\w+);/g, (entity, name) => ENTITIES[name] ?? entity);
}
