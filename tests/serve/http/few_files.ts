/** Runs a server in a process that may open few files. Prints its port and a line for each note; ends with its input. */
import { startServer } from "../../../lib/serve/http/server.ts";
import { HttpMetrics } from "../../../lib/serve/metrics.ts";
import { fakeApp } from "../fakes.ts";

const say = (value: unknown) => void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
const metrics = new HttpMetrics();
const { app } = fakeApp({ metrics });
const server = await startServer({ app, host: "127.0.0.1", port: 0, metrics, note: (note) => say({ note }) });
say({ port: server.port });
// Opens a file now and then, like training.
const opened = setInterval(() => Deno.openSync(new URL(import.meta.url)).close(), 5);
await new Response(Deno.stdin.readable).text();
clearInterval(opened);
await server.shutdown(100);
say({ failures: metrics.acceptFailures, connections: metrics.connections });
