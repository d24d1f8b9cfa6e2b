/** Asks for and drops permissions of the process. Only Deno has them: elsewhere everything is permitted. */
import { totalmem } from "node:os";
import { runtime } from "./runtime.ts";

/** The permissions of a thread: none, or to load these libraries. */
export type ThreadPermissions = "none" | { readonly ffi: string[] };

/** Tells whether the process may read or write `path`, or load it as a library; without `path`, all of them. */
export function mayUse(name: "read" | "write" | "ffi", path?: string): boolean {
  return runtime !== "deno" || isGranted(path === undefined ? { name } : { name, path });
}

/** Tells whether the process may read the variable `name` of its environment. */
export function mayReadVariable(name: string): boolean {
  return runtime !== "deno" || isGranted({ name: "env", variable: name });
}

/** Drops the permission to read or write `root`, or anything without it, and keeps that for `paths`. */
export function dropPermission(name: "read" | "write", root: string | undefined, paths: readonly string[]): void {
  if (runtime !== "deno") return;
  // A path that is granted by name stays granted when the root is revoked.
  for (const path of paths) Deno.permissions.requestSync({ name, path });
  Deno.permissions.revokeSync(root === undefined ? { name } : { name, path: root });
}

/** Tells whether `error` reports a permission that the process lacks. */
export function isMissingPermission(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}

/** Returns the memory of this machine in bytes, or undefined if the process may not read it. */
export function machineMemory(): number | undefined {
  return runtime !== "deno" || isGranted({ name: "sys", kind: "systemMemoryInfo" }) ? totalmem() : undefined;
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
