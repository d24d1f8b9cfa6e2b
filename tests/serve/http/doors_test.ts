/** Spells targets and hosts in thousands of ways: gate, router and access log agree, and no spelling passes a check. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { startServer } from "../../../lib/serve/http/server.ts";
import { type AccessRecord } from "../../../lib/serve/pipeline/front.ts";
import { noPeer } from "../../../lib/serve/pipeline/peer.ts";
import { fakeApp } from "../fakes.ts";
import { type ProblemBody, soon } from "./reading.ts";

const TOKEN = "0123456789abcdef";
const OPEN = ["/livez", "/readyz", "/v2/health/live", "/v2/health/ready"];
const REFUSED = [400, 401, 403, 421];
const encoder = new TextEncoder();

const path = fc.constantFrom(
  ...OPEN,
  "/",
  "/runs",
  "/model",
  "/runs/r1",
  "/predict",
  "/docs",
  "/nope",
  "/openapi.json",
);
const junk = fc.constantFrom(
  ..."\\/?#@:.;,%&=~*|^`{}[]<>\"' +$!()-_aZ0",
  "%2f",
  "%5c",
  "%3f",
  "%2e",
  "%00",
  "%zz",
  "%6c",
  "\t",
  "..",
  "//",
  "\\livez?",
  "/livez?",
  "/livez#",
  "livez",
  "é",
  "\x7f",
  "@localhost",
  ":80",
  ":99999",
);
const host = fc.oneof(
  fc.constantFrom("localhost", "127.0.0.1", "[::1]", "localhost:8000", "LOCALHOST", "evil.example", "x", "", "0x7f.1"),
  fc.array(fc.oneof(junk, fc.constantFrom("localhost", "x", "127.0.0.1")), { maxLength: 4 }).map((parts) =>
    parts.join("")
  ),
);
const spelledPath = fc.oneof(
  path,
  fc.tuple(fc.array(junk, { maxLength: 2 }), path, fc.array(junk, { maxLength: 2 }), fc.option(path, { nil: "" })).map((
    [before, middle, after, end],
  ) => [...before, middle, ...after, end].join("")),
);
const scheme = fc.constantFrom("http://", "HTTP://", "https://", "http:", "http:/", "http:\\\\", "//", "ws://");
const absolute = fc.tuple(scheme, host, spelledPath).map((parts) => parts.join(""));

/** Cuts the path out of `target` without a parser: the text before a question mark, without scheme and `authority`. */
function plainPath(target: string, authority: string): string {
  const name = authority.replace(/:80$/, "").replaceAll(/[^\w]/g, "\\$&");
  const rest = target.replace(new RegExp(`^http://${name}(:80)?(?=/)`, "i"), "");
  return rest.split("?")[0]!;
}

/** Makes a request with the URL exactly as a client wrote it, like the server's; `new Request()` would normalize it. */
class SpelledRequest extends Request {
  readonly #spelled: string;
  constructor(spelled: string, init: RequestInit) {
    super("http://localhost/", init);
    this.#spelled = spelled;
  }
  override get url(): string {
    return this.#spelled;
  }
}

function request(url: string, host: string, method: string, token?: string): Request | undefined {
  const headers = new Headers(token === undefined ? {} : { Authorization: `Bearer ${token}` });
  try {
    headers.set("Host", host);
  } catch {
    return undefined; // Not even a header.
  }
  return new SpelledRequest(url, { method, headers });
}

Deno.test("every spelling of host and target needs the token, except health checks", async () => {
  for (const allowedHosts of ["any", ["localhost", "127.0.0.1", "[::1]"]] as const) {
    const { app } = fakeApp({ token: TOKEN, allowedHosts });
    const opened = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        host,
        fc.oneof(spelledPath.map((text) => [text]), absolute),
        fc.constantFrom("GET", "POST", "HEAD", "DELETE"),
        async (host, target, method) => {
          const url = typeof target === "string" ? target : `http://${host}${target[0]}`;
          const asked = request(url, host, method);
          if (!asked) return;
          const { status } = await app.fetch(asked);
          if (REFUSED.includes(status)) return;
          const path = plainPath(url, host);
          opened.add(path);
          assert(OPEN.includes(path) && status === 200, `${method} ${url} with Host ${host}: ${status}`);
        },
      ),
      { numRuns: 10_000, seed: 1 },
    );
    assertEquals([...opened].sort(), [...OPEN].sort());
  }
});

Deno.test("gate, router and access log see the same path and host as URL", async () => {
  const records: AccessRecord[] = [];
  const { app } = fakeApp({ token: TOKEN, allowedHosts: "any", onAccess: (record) => records.push(record) });
  let routed = 0;
  await fc.assert(
    fc.asyncProperty(host, fc.oneof(spelledPath.map((text) => [text]), absolute), async (host, target) => {
      const url = typeof target === "string" ? target : `http://${host}${target[0]}`;
      const asked = request(url, host, "GET", TOKEN);
      if (!asked) return;
      const response = await app.fetch(asked);
      const logged = records.pop()!;
      assertEquals(logged.status, response.status);
      if (response.status === 400 && response.headers.get("Content-Type") === "application/problem+json") {
        const { errors } = await response.json() as ProblemBody;
        if (["Host", "target"].includes(errors[0]!.field)) return assertEquals(logged.path, url.slice(0, 200));
      }
      routed++;
      assertEquals(logged.path, plainPath(url, host));
      const parsed = new URL(url);
      assertEquals([parsed.host, parsed.username, parsed.password], [new URL(`http://${host}`).host, "", ""]);
      if (response.status === 404 && logged.path === "/nope") {
        assertEquals((await response.json() as ProblemBody).detail, 'No route for "/nope": GET /docs lists them');
      } else if (!response.bodyUsed) await response.body?.cancel();
    }),
    { numRuns: 10_000, seed: 2 },
  );
  assert(routed > 1000, `${routed} were routed`);
});

/** Sends `lines`, and returns the status of the answer, or 0 for none. */
async function statusOf(port: number, lines: string): Promise<number> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await connection.write(encoder.encode(`${lines}\r\nConnection: close\r\n\r\n`));
    const text = await soon(new Response(connection.readable).text(), "an answer");
    if (text === "") return 0;
    assertMatch(text, /^HTTP\/1\.1 \d{3} /);
    return Number(text.slice(9, 12));
  } catch (error) {
    // The server may close the connection while invalid HTTP is being sent.
    if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) return 0;
    throw error;
  }
}

Deno.test("startServer() checks token, host and rate for every spelling on a socket", async () => {
  const { app } = fakeApp({ token: TOKEN });
  const server = await startServer({ app, host: "127.0.0.1", port: 0 });
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(host, fc.constant("localhost")),
        fc.oneof(spelledPath, absolute),
        fc.constantFrom("GET", "POST", "OPTIONS"),
        async (host, target, method) => {
          const status = await statusOf(server.port, `${method} ${target} HTTP/1.1\r\nHost: ${host}`);
          if (status === 0 || [...REFUSED, 501, 505].includes(status)) return;
          const path = plainPath(target, host.trim());
          assert(OPEN.includes(path) && status === 200, `${method} ${target} with Host ${host}: ${status}`);
        },
      ),
      { numRuns: 1500, seed: 3 },
    );
    const named = [
      ["GET /runs HTTP/1.1\r\nHost: x\\livez?", 400],
      ["GET http://x\\livez?/model HTTP/1.1\r\nHost: 127.0.0.1", 400],
      ["GET http://evil.example/livez HTTP/1.1\r\nHost: localhost", 400],
      ["GET http://evil.example/livez HTTP/1.1\r\nHost: evil.example", 421],
      ["GET /livez HTTP/1.1\r\nHost: localhost:99999", 400],
      ["GET /livez HTTP/1.1\r\nHost:", 400],
      ["GET /%6civez HTTP/1.1\r\nHost: localhost", 401],
      ["GET /runs/../livez HTTP/1.1\r\nHost: localhost", 401],
      ["GET /livez HTTP/1.1\r\nHost: localhost", 200],
      ["GET http://localhost/livez HTTP/1.1\r\nHost: localhost:80", 200],
    ] as const;
    for (const [lines, status] of named) assertEquals(await statusOf(server.port, lines), status, lines);
  } finally {
    await soon(server.shutdown(1000), "shutdown");
  }
});

Deno.test("the rate limit counts each spelling of a request, except health checks", async () => {
  const { app } = fakeApp({ rateLimit: 1, allowedHosts: "any" });
  const ask = async (url: string, host: string) => {
    const response = await app.fetch(request(url, host, "GET")!, noPeer("10.0.0.1"));
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await ask("http://x/model", "x"), 200);
  for (const path of ["/model", "/runs", "/nope", "/livez/", "/%6civez", "//livez", "/livez%3f"]) {
    assertEquals(await ask(`http://x${path}`, "x"), 429, path);
  }
  assertEquals([await ask("http://x\\livez?/model", "x\\livez?"), await ask("http://x/livez", "x")], [400, 200]);
});

Deno.test("a route is closed by default", async () => {
  const { app } = fakeApp({ token: TOKEN });
  const document = await (await fakeApp().app.request("/openapi.json")).json() as { paths: Record<string, object> };
  for (const [template, operations] of Object.entries(document.paths)) {
    const path = template.replaceAll(/\{\w+\}/g, "r1");
    for (const method of Object.keys(operations)) {
      const { status } = await app.request(path, { method: method.toUpperCase() });
      assertEquals(status, OPEN.includes(path) ? 200 : 401, `${method} ${path}`);
    }
  }
  for (const path of ["/", "/dashboard.js", "/docs", "/docs/docs.js", "/openapi.json", "/nope"]) {
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT"]) {
      assertEquals((await app.request(path, { method })).status, 401, `${method} ${path}`);
    }
  }
});
