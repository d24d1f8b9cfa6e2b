/** Lets errors pass that nothing catches, which otherwise end the process. */
import process from "node:process";
import { runtime } from "./runtime.ts";

const ignored = new Set<(error: unknown) => boolean>();

/** Ignores, from now on, errors without a handler for which `isHarmless` holds. Idempotent. */
export function ignoreUncaught(isHarmless: (error: unknown) => boolean): void {
  if (ignored.has(isHarmless)) return;
  ignored.add(isHarmless);
  if (runtime === "deno") {
    globalThis.addEventListener("error", (event) => {
      if (isHarmless(event.error)) event.preventDefault();
    });
    return;
  }
  process.on("uncaughtException", (error) => {
    // Another listener handles the others, or they end the process, as they do without any listener.
    if (isHarmless(error) || process.listenerCount("uncaughtException") > ignored.size) return;
    process.stderr.write(`Uncaught ${error.stack}\n`);
    process.exit(1);
  });
}
