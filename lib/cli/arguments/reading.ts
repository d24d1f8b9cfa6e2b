/** Limits the permissions of a task: it may read and write everything until its files are known, and then only those. */
import { dirname, join, parse } from "node:path";
import { cwd } from "node:process";
import { type PathMark, pathsIn } from "../../config/paths.ts";
import { dropPermission, mayUse } from "../../platform/permissions.ts";

/**
 * Drops the permission to read, except for the folders of the task's permission set, the paths in `values` by the
 * `marked` keys, and `others`. An explicit `--allow-read` or `-A` stays.
 */
export function restrictReading(
  values: Readonly<Record<string, unknown>>,
  marked: ReadonlyMap<string, PathMark>,
  others: readonly string[] = [],
): void {
  const { root } = parse(cwd());
  if (mayUse("read") || !mayUse("read", root)) return;
  const named = pathsIn(values, marked).flatMap(({ path, mark: { beside = [] } }) => [
    path,
    ...beside.map((other) => join(dirname(path), other)),
  ]);
  dropPermission("read", root, [...named, ...others]);
}

/**
 * Drops the permission to write everywhere, except for the folders of the task's permission set and `paths`. An explicit
 * `--allow-write` or `-A` stays.
 */
export function restrictWriting(paths: readonly string[]): void {
  const { root } = parse(cwd());
  if (mayUse("write") || !mayUse("write", root)) return;
  dropPermission("write", root, paths);
}

/** Drops the permission to write to any folder of the task's permission set. */
export function forbidWriting(): void {
  if (!mayUse("write")) dropPermission("write", undefined, []);
}

/** Tells whether the task may write to `path`, before work whose result would be lost. */
export function mayWrite(path: string): boolean {
  return mayUse("write", path);
}
