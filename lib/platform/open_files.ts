/** Tests how many more files the process may open. */
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { runtime } from "./runtime.ts";

/** A file that the process may read: with Deno, its own modules. */
const READABLE = runtime === "deno" ? new URL(import.meta.url) : devNull;

/** Tells whether the process can open `count` more files; true if it may not read any. */
export function canOpen(count: number): boolean {
  const files: number[] = [];
  try {
    while (files.length < count) files.push(openSync(READABLE, "r"));
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && (error.code === "EMFILE" || error.code === "ENFILE"));
  } finally {
    for (const file of files) closeSync(file);
  }
}
