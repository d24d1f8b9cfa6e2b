/** Runs a thread that tries forbidden operations: it reports by name those that it was permitted to do. */
import { libraryPath } from "../../lib/engine/simd/native/sources.ts";
import { readFileSync, writeFileSync } from "node:fs";

const address = { hostname: "127.0.0.1", port: 0 };

const attempts: Record<string, () => unknown> = {
  read: () => readFileSync("deno.json"),
  write: () => writeFileSync("pried", ""),
  env: () => Deno.env.get("HOME"),
  listen: () => Deno.listen(address),
  connect: () => Deno.connect({ ...address, port: 4999 }),
  fetch: () => fetch("http://127.0.0.1:4999/"),
  run: () => new Deno.Command("true").outputSync(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  kernels: () => Deno.dlopen(libraryPath(), {}),
  pointer: () => Deno.UnsafePointer.of(new Uint8Array(1)),
  worker: () => new Worker(new URL("data:text/javascript,"), { type: "module", deno: { permissions: { net: true } } }),
};

declare const self: {
  onmessage: (() => void) | null;
  postMessage(message: { type: "failed"; error: string; final: true }): void;
};

self.onmessage = async () => {
  const permitted: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      permitted.push(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) permitted.push(`${name}: ${error}`);
    }
  }
  self.postMessage({ type: "failed", error: `permitted: ${permitted.join(", ")}`, final: true });
};
