/** What a task may read and write. Everything may be read until it is known what it was told to read, then that alone. */
import { dirname, join, parse } from "node:path";
import { cwd } from "node:process";
import { type PathMark, pathsIn } from "../../config/paths.ts";

/**
 * Gives up reading but for the folders that the task's set names, the paths in `values` by the `marked` keys, and
 * `others`. Where everything may be read by `--allow-read` or `-A`, somebody said so, and it stays.
 */
export function readNothingBut(
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
  // What is asked for by its own name stays granted when the root is not.
  for (const path of [...named, ...others]) Deno.permissions.requestSync({ name: "read", path });
  Deno.permissions.revokeSync({ name: "read", path: root });
}

function isGranted(path?: string): boolean {
  const wanted = path === undefined ? { name: "read" } as const : { name: "read", path } as const;
  return Deno.permissions.querySync(wanted).state === "granted";
}

/** Whether the task may write to `path`: asked before work that would be lost. */
export function mayWrite(path: string): boolean {
  return Deno.permissions.querySync({ name: "write", path }).state === "granted";
}
