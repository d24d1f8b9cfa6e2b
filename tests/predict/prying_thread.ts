/** A thread that tries what it must not: says by name what it was permitted to do. */
import { readFileSync, writeFileSync } from "node:fs";

const attempts: Record<string, () => unknown> = {
  read: () => readFileSync("deno.json"),
  write: () => writeFileSync("pried", ""),
  env: () => Deno.env.get("HOME"),
  net: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  run: () => new Deno.Command("true").outputSync(),
  sys: () => Deno.hostname(),
};

declare const self: {
  onmessage: (() => void) | null;
  postMessage(message: { type: "failed"; error: string }): void;
};

self.onmessage = () => {
  const permitted = Object.entries(attempts).flatMap(([name, attempt]) => {
    try {
      attempt();
      return [name];
    } catch (error) {
      return error instanceof Deno.errors.NotCapable ? [] : [`${name}: ${error}`];
    }
  });
  self.postMessage({ type: "failed", error: `permitted: ${permitted.join(", ")}` });
};
