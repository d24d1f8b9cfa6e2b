/** Listens for HTTP with the server of this runtime. */
import { listen as listenInDeno } from "./deno_server.ts";
import type { HttpListener } from "./types.ts";

/** Listens on `hostname` and `port`, 0 for any free one. Rejects with the error of the system if it cannot. */
export function listen(hostname: string, port: number): Promise<HttpListener> {
  return Promise.try(() => listenInDeno(hostname, port));
}
