/** Limits the permissions of a task: it may read everything until its inputs are known, and then only those. */
import { dirname, join, parse } from "node:path";
import { cwd } from "node:process";
import { type PathMark, pathsIn } from "../../config/paths.ts";

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
  if (isGranted() || !isGranted(root)) return;
  const named = pathsIn(values, marked).flatMap(({ path, mark: { beside = [] } }) => [
    path,
    ...beside.map((other) => join(dirname(path), other)),
  ]);
  // A path that is granted by name stays granted when the root is revoked.
  for (const path of [...named, ...others]) Deno.permissions.requestSync({ name: "read", path });
  Deno.permissions.revokeSync({ name: "read", path: root });
}

function isGranted(path?: string): boolean {
  const wanted = path === undefined ? { name: "read" } as const : { name: "read", path } as const;
  return Deno.permissions.querySync(wanted).state === "granted";
}

/** Tells whether the task may write to `path`, before work whose result would be lost. */
export function mayWrite(path: string): boolean {
  return Deno.permissions.querySync({ name: "write", path }).state === "granted";
}
