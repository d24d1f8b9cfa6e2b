/** Runs the real app behind the proxies of docs/proxy.md, with the configurations from that page. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dashboardAssets } from "../../dashboard/assets.ts";
import { createApp } from "../../lib/serve/app.ts";
import { type AccessRecord } from "../../lib/serve/pipeline/front.ts";
import { noPeer } from "../../lib/serve/pipeline/peer.ts";
import { publicAddress } from "../../lib/serve/pipeline/public_address.ts";
import { startServer } from "../../lib/serve/http/server.ts";
import { withFolder } from "../cli/process.ts";
import { executableAbsence, optionalTest } from "../optional.ts";
import { PATIENCE_MS } from "../patience.ts";
import { soon } from "./http/reading.ts";
import { checkpoint, fakeApp, FakeRun, fakeRuns, fakeServices } from "./fakes.ts";

const PUBLIC = "https://example.org/lockstep";
const page = (path: string) => [`http://localhost/lockstep/${path}`, path] as const;

/** Matches the addresses that a script loads, relative to itself, and those in markup, relative to the page. */
const LOADS = /\b(?:from|import\()\s*"([\w./@-]+)"/g;
const SHOWS = /\b(?:src|href)="([\w./@-]+)"/g;

/** Requests the dashboard, the docs and all that they load through `get`, each by its address under a prefix. */
async function crawl(get: (address: string) => Promise<Response>, prefix: string): Promise<number> {
  const waiting = [prefix, `${prefix}docs`, `${prefix}openapi.json`];
  const seen = new Set<string>();
  for (let address = waiting.pop(); address; address = waiting.pop()) {
    if (seen.has(address)) continue;
    seen.add(address);
    assert(address.startsWith(prefix), `${address} is not below ${prefix}`);
    const response = await get(address);
    assertEquals(response.status, 200, address);
    const text = await response.text();
    if (!/html|javascript/.test(response.headers.get("Content-Type") ?? "")) continue;
    waiting.push(...[...text.matchAll(LOADS)].map(([, found]) => new URL(found!, address).href));
    waiting.push(...[...text.matchAll(SHOWS)].map(([, found]) => new URL(found!, prefix).href));
  }
  return seen.size;
}

Deno.test("pages, scripts and styles use relative addresses, so that a path prefix works", async () => {
  const { app } = fakeApp({ services: { assets: dashboardAssets() } });
  const [prefix] = page("");
  assert(await crawl((address) => app.request(new URL(address).pathname.replace("/lockstep", "")), prefix) > 40);
  // The scripts' requests are relative too.
  for (const [path, { body }] of [...dashboardAssets(), ["/docs/docs.js", { body: await docs(app) }] as const]) {
    const absolute = /[("'`]\/(runs|model|predict|metrics|openapi|events|docs|dashboard|v2)\b.{0,9}/.exec(body)?.[0];
    assert(!absolute || path.endsWith("service_metrics.ts") || /^.\/\w+`/.test(absolute), `${path}: ${absolute}`);
  }
});

const docs = async (app: ReturnType<typeof fakeApp>["app"]) => await (await app.request("/docs/docs.js")).text();

Deno.test("createApp() with a public address accepts its host and origin, and documents it", async () => {
  const { app } = fakeApp({ publicAddress: publicAddress(`${PUBLIC}/`) });
  const post = async (Host: string, Origin: string) => {
    const headers = { Host, Origin };
    return (await app.request("/predict", { method: "POST", body: '{"tokens":[1,2,3]}', headers })).status;
  };
  for (const host of ["example.org", "example.org:443", "localhost:8000"]) {
    assertEquals(await post(host, "https://example.org"), 200, host);
  }
  assertEquals(await post("evil.example", "https://example.org"), 421);
  for (const origin of ["https://evil.example", "http://example.org.evil.example", "null"]) {
    assertEquals(await post("localhost:8000", origin), 403, origin);
  }
  assertEquals((await (await app.request("/openapi.json")).json()).servers, [{ url: PUBLIC }]);
  const { app: own } = fakeApp();
  assertEquals((await (await own.request("/openapi.json")).json()).servers, [{ url: "." }]);
  const refused = await own.request("/predict", {
    method: "POST",
    body: "{}",
    headers: { Origin: "https://example.org" },
  });
  assertEquals(refused.status, 403);
});

Deno.test("the client is the one that a local proxy names, or the connection's peer without a proxy", async () => {
  const clients = async (address: string, behind: boolean, forwarded: string | undefined) => {
    const records: AccessRecord[] = [];
    const { app } = fakeApp({
      rateLimit: 0.001,
      onAccess: (record) => records.push(record),
      ...behind && { publicAddress: publicAddress(PUBLIC) },
    });
    const ask = async (headers: Record<string, string>) => {
      const request = new Request("http://localhost/model", { headers });
      return (await app.fetch(request, noPeer(address))).status;
    };
    const first = await ask(forwarded === undefined ? {} : { "X-Forwarded-For": forwarded });
    const second = await ask({ "X-Forwarded-For": "192.0.2.99" });
    return [records[0]?.client, first, second];
  };
  assertEquals(await clients("127.0.0.1", true, "192.0.2.1"), ["192.0.2.1", 200, 200]);
  assertEquals(await clients("::1", true, "198.51.100.1, 2001:db8::7"), ["2001:db8::7", 200, 200]);
  // Values from the client come first, and only an address counts.
  assertEquals(await clients("127.0.0.1", true, "192.0.2.99, 192.0.2.1"), ["192.0.2.1", 200, 200]);
  assertEquals(await clients("127.0.0.1", true, "192.0.2.1, x"), ["127.0.0.1", 200, 200]);
  assertEquals(await clients("127.0.0.1", true, undefined), ["127.0.0.1", 200, 200]);
  // No other peer's header counts.
  assertEquals(await clients("192.0.2.5", true, "192.0.2.1"), ["192.0.2.5", 200, 429]);
  assertEquals(await clients("127.0.0.1", false, "192.0.2.1"), ["127.0.0.1", 200, 429]);
});

/** Returns a free port. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

interface Proxy {
  readonly program: string;
  /** Language of the block in docs/proxy.md. */
  readonly language: string;
  /** Returns the whole file around the block, and the command that starts the program with it. */
  readonly file: (block: string, port: number, folder: string) => string;
  readonly args: (path: string) => string[];
}

const PROXIES: readonly Proxy[] = [
  {
    program: "/usr/sbin/nginx",
    language: "nginx",
    file: (block, port, folder) =>
      `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}\n` +
      `http { access_log off; ${
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(
          " ",
        )
      }\nserver { listen 127.0.0.1:${port};\n${block}\n} }`,
    args: (path) => ["-c", path],
  },
  {
    program: "/usr/bin/caddy",
    language: "caddyfile",
    file: (block, port) => `{\nadmin off\nauto_https off\n}\nhttp://127.0.0.1:${port} {\n${block}\n}`,
    args: (path) => ["run", "--adapter", "caddyfile", "--config", path],
  },
];

for (const { program, language, file, args } of PROXIES) {
  optionalTest(executableAbsence(program), {
    name: `behind ${language} as docs/proxy.md has it: pages, buttons, streams as they come, and the client's address`,
    fn: () =>
      withFolder(async (folder) => {
        const run = new FakeRun("r1");
        run.append(checkpoint(1));
        const streams = new AbortController();
        const records: AccessRecord[] = [];
        const services = { ...fakeServices(fakeRuns([run])), assets: dashboardAssets() };
        const app = createApp(services, {
          publicAddress: publicAddress("http://localhost/lockstep"),
          onAccess: (record) => records.push(record),
          shutdown: streams.signal,
        });
        const server = await startServer({ app, host: "127.0.0.1", port: 0, closeStreams: () => streams.abort() });
        const text = await Deno.readTextFile(new URL("../../docs/proxy.md", import.meta.url));
        const block = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(text)![1]!;
        assertStringIncludes(block, "127.0.0.1:8000");
        const port = freePort();
        const path = `${folder}/config`;
        await Deno.writeTextFile(
          path,
          file(block.replaceAll("127.0.0.1:8000", `127.0.0.1:${server.port}`), port, folder),
        );
        const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
        const options = { args: args(path), env, stdin: "null", stdout: "null", stderr: "null" } as const;
        const proxy = new Deno.Command(program, options).spawn();
        try {
          const base = `http://127.0.0.1:${port}/lockstep/`;
          await answering(base);
          assert(await crawl((address) => fetch(address), base) > 40);
          const moved = await fetch(base.slice(0, -1));
          assertEquals([moved.status, new URL(moved.url).pathname], [200, "/lockstep/"]);
          await moved.body?.cancel();
          // The request of a button of the page, as a browser sends it.
          const headers = { Origin: "http://localhost", "X-Forwarded-For": "192.0.2.9" };
          const started = await fetch(`${base}runs`, { method: "POST", body: '{"seed": 7}', headers });
          assertEquals(started.status, 202);
          const { id } = await started.json();
          assertEquals(new URL(started.headers.get("Location")!, started.url).href, `${base}runs/${id}`);
          const foreign = await fetch(`${base}runs`, { method: "POST", headers: { Origin: "http://evil.example" } });
          assertEquals(foreign.status, 403);
          await foreign.body?.cancel();
          // The proxy names its own client, and replaces that client's own header.
          assert(records.every(({ client }) => client === "127.0.0.1"), JSON.stringify(records.at(-1)));
          const stream = await fetch(`${base}events`);
          const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
          let read = "";
          const until = async (part: string) => {
            while (!read.includes(part)) {
              const { done, value } = await soon(reader.read(), part);
              assert(!done, `The stream ended without ${part}: ${read}`);
              read += value;
            }
          };
          await until('"round":1,');
          // No further event is sent until this one has arrived.
          run.append(checkpoint(2));
          await until('"round":2,');
          await reader.cancel();
        } finally {
          proxy.kill("SIGTERM");
          await proxy.status;
          await server.shutdown(0);
        }
      }),
  });
}

/** Waits until a server answers at `address`. */
async function answering(address: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (true) {
    const response = await fetch(address).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    assert(performance.now() < deadline, `nothing answers at ${address}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
