/** A server in a process that may open few files; says its port, and a line for each note. It ends when its input does. */
import { startServer } from "../../../lib/serve/http/server.ts";
import { HttpFigures } from "../../../lib/serve/metrics.ts";
import { fakeApp } from "../fakes.ts";

const say = (value: unknown) => void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
const figures = new HttpFigures();
const { app } = fakeApp({ figures });
const server = startServer({ app, host: "127.0.0.1", port: 0, figures, note: (note) => say({ note }) });
say({ port: server.port });
// As training does beside it: a file now and then.
const opened = setInterval(() => Deno.openSync(new URL(import.meta.url)).close(), 5);
await new Response(Deno.stdin.readable).text();
clearInterval(opened);
await server.shutdown(100);
say({ failures: figures.acceptFailures, connections: figures.connections });
