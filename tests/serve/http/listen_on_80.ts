/** Prints why the server cannot listen on a privileged port; run as a process of a user without that privilege. */
import { errorMessage } from "../../../lib/base/errors.ts";
import { startServer } from "../../../lib/serve/http/server.ts";

try {
  await startServer({ app: { fetch: () => new Response() }, host: "127.0.0.1", port: 80 });
  await Deno.stdout.write(new TextEncoder().encode("It listens"));
} catch (error) {
  await Deno.stdout.write(new TextEncoder().encode(errorMessage(error)));
}
Deno.exit();
