/** Listens for HTTP with the server of this runtime. */
import { runtime } from "../runtime.ts";
import type { HttpListener } from "./types.ts";

/** Listens on `hostname` and `port`, 0 for any free one. Rejects with the error of the system if it cannot. */
export async function listen(hostname: string, port: number): Promise<HttpListener> {
  // Only one is loaded.
  const server = runtime === "deno" ? await import("./deno_server.ts") : await import("./node_server.ts");
  return await server.listen(hostname, port);
}
