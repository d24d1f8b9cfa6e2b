/** Runs the tests of HTTP on a socket in Node or Bun: see http_test.ts. */
import { runTests } from "./deno_on_node.ts";
import "../serve/http/connections_test.ts";
import "../serve/http/doors_test.ts";
import "../serve/http/raw_test.ts";
import "../serve/http/server_test.ts";
import "../serve/http/streams_test.ts";

// These servers speak no HTTP/2; a process with few files and a thousand streams at once stay tests of Deno.
await runTests(/^(?!.*(HTTP\/2|more connections))(startServer\(\)|shutdown\(\)|a client that reads nothing)/);
