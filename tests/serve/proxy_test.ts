/** Runs the real app behind the proxies of docs/proxy.md, with the configurations from that page. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dashboardAssets } from "../../dashboard/assets.ts";
import { addressSet, LOOPBACK } from "../../lib/config/addresses.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { createApp } from "../../lib/serve/app.ts";
import { type AccessRecord } from "../../lib/serve/pipeline/front.ts";
import { noPeer } from "../../lib/serve/pipeline/peer.ts";
import { publicAddress } from "../../lib/serve/pipeline/public_address.ts";
import { startServer } from "../../lib/serve/http/server.ts";
import { openService } from "../../lib/serve/service.ts";
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

/** Asks twice with these values of X-Forwarded-For; returns the client of the first request, and both statuses. */
async function clientOf(address: string, trusted: string, forwarded: string | undefined): Promise<unknown[]> {
  const records: AccessRecord[] = [];
  const { app } = fakeApp({
    rateLimit: 0.001,
    onAccess: (record) => records.push(record),
    trustedProxies: addressSet(trusted),
  });
  const ask = async (headers: Record<string, string>) => {
    const request = new Request("http://localhost/model", { headers });
    return (await app.fetch(request, noPeer(address))).status;
  };
  const first = await ask(forwarded === undefined ? {} : { "X-Forwarded-For": forwarded });
  const second = await ask({ "X-Forwarded-For": "192.0.2.99" });
  return [records[0]?.client, first, second];
}

Deno.test("the client is the one that a trusted proxy names, or the connection's peer without one", async () => {
  assertEquals(await clientOf("127.0.0.1", LOOPBACK, "192.0.2.1"), ["192.0.2.1", 200, 200]);
  assertEquals(await clientOf("::1", LOOPBACK, "198.51.100.1, 2001:db8::7"), ["2001:db8::7", 200, 200]);
  assertEquals(await clientOf("::ffff:127.0.0.1", LOOPBACK, "192.0.2.1"), ["192.0.2.1", 200, 200]);
  // Values from the client come first, and only an address counts.
  assertEquals(await clientOf("127.0.0.1", LOOPBACK, "192.0.2.99, 192.0.2.1"), ["192.0.2.1", 200, 200]);
  assertEquals(await clientOf("127.0.0.1", LOOPBACK, "192.0.2.1, x"), ["127.0.0.1", 200, 200]);
  assertEquals(await clientOf("127.0.0.1", LOOPBACK, undefined), ["127.0.0.1", 200, 200]);
  // No other peer's header counts.
  assertEquals(await clientOf("192.0.2.5", LOOPBACK, "192.0.2.1"), ["192.0.2.5", 200, 429]);
  assertEquals(await clientOf("127.0.0.1", "", "192.0.2.1"), ["127.0.0.1", 200, 429]);
});

Deno.test("behind several trusted proxies the client is the last address of another machine", async () => {
  const trusted = "172.16.0.0/12, 10.0.0.7, fd00::/8";
  const through = (forwarded: string) => clientOf("172.18.0.1", trusted, forwarded);
  assertEquals(await through("192.0.2.1, 10.0.0.7"), ["192.0.2.1", 200, 200]);
  assertEquals(await through("192.0.2.1,fd00::3 ,::ffff:172.20.0.2"), ["192.0.2.1", 200, 200]);
  // A client that names a trusted proxy hides nothing: the last proxy has added the client's own address.
  assertEquals(await through("192.0.2.99, 10.0.0.7, 192.0.2.1"), ["192.0.2.1", 200, 200]);
  assertEquals(await through("192.0.2.99, , 10.0.0.7"), ["10.0.0.7", 200, 200]);
  // A client among the proxies has its own address.
  assertEquals(await through("172.18.0.5"), ["172.18.0.5", 200, 200]);
  // An explicit list replaces the one of this machine.
  assertEquals(await clientOf("127.0.0.1", trusted, "192.0.2.1"), ["127.0.0.1", 200, 429]);
  assertEquals(await clientOf("10.0.0.8", trusted, "192.0.2.1"), ["10.0.0.8", 200, 429]);
});

Deno.test("openService() trusts trustProxy, or with a public address the proxies on this machine", async () => {
  const client = async (change: { readonly publicUrl?: string; readonly trustProxy?: string }) => {
    const records: AccessRecord[] = [];
    const config = { ...resolveConfig(undefined, []), port: 0, ...change };
    const onAccess = (record: AccessRecord) => records.push(record);
    const service = await openService({ config, token: undefined, assets: new Map(), note: () => {}, onAccess });
    await (await fetch(`${service.url}/livez`, { headers: { "X-Forwarded-For": "192.0.2.1" } })).body?.cancel();
    await service.close();
    return records[0]?.client;
  };
  assertEquals(await client({}), "127.0.0.1");
  assertEquals(await client({ publicUrl: PUBLIC }), "192.0.2.1");
  assertEquals(await client({ trustProxy: "127.0.0.1" }), "192.0.2.1");
  assertEquals(await client({ publicUrl: PUBLIC, trustProxy: "10.0.0.0/8" }), "127.0.0.1");
});

/** The address from which the clients of the proxies connect. */
const CLIENT = "127.0.0.2";

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
      }\nserver { listen 127.0.0.1:${port} ssl;\n` +
      `ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;\n${block}\n} }`,
    args: (path) => ["-c", path],
  },
  {
    program: "/usr/bin/caddy",
    language: "caddyfile",
    file: (block, port, folder) =>
      `{\nadmin off\nauto_https off\n}\nhttps://localhost:${port} {\n` +
      `tls ${folder}/cert.pem ${folder}/key.pem\n${block}\n}`,
    args: (path) => ["run", "--adapter", "caddyfile", "--config", path],
  },
];

for (const { program, language, file, args } of PROXIES) {
  optionalTest(executableAbsence(program) ?? executableAbsence("/usr/bin/openssl"), {
    name: `behind ${language} as docs/proxy.md has it: TLS, pages, buttons, streams as they come, clients`,
    fn: () =>
      withFolder(async (folder) => {
        const run = new FakeRun("r1");
        run.append(checkpoint(1));
        const streams = new AbortController();
        const records: AccessRecord[] = [];
        const services = { ...fakeServices(fakeRuns([run])), assets: dashboardAssets() };
        const app = createApp(services, {
          publicAddress: publicAddress("https://localhost/lockstep"),
          trustedProxies: addressSet("127.0.0.1"),
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
        const caCerts = [await makeCertificate(folder)];
        const proxy = new Deno.Command(program, options).spawn();
        using client = Deno.createHttpClient({ caCerts, localAddress: CLIENT });
        try {
          const base = `https://localhost:${port}/lockstep/`;
          await answering(base, client);
          assert(await crawl((address) => fetch(address, { client }), base) > 40);
          const moved = await fetch(base.slice(0, -1), { client });
          assertEquals([moved.status, new URL(moved.url).pathname], [200, "/lockstep/"]);
          await moved.body?.cancel();
          // The request of a button of the page, as a browser sends it.
          const headers = { Origin: "https://localhost", "X-Forwarded-For": "192.0.2.9" };
          const started = await fetch(`${base}runs`, { method: "POST", body: '{"seed": 7}', headers, client });
          assertEquals(started.status, 202);
          const { id } = await started.json();
          assertEquals(new URL(started.headers.get("Location")!, started.url).href, `${base}runs/${id}`);
          const evil = { Origin: "http://evil.example" };
          const foreign = await fetch(`${base}runs`, { method: "POST", headers: evil, client });
          assertEquals(foreign.status, 403);
          await foreign.body?.cancel();
          // The proxy names its own client, also if that client invents another one.
          assert(records.every(({ client }) => client === CLIENT), JSON.stringify(records.at(-1)));
          const stream = await fetch(`${base}events`, { client });
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

/** Writes a certificate for localhost and its key to `folder`. */
async function makeCertificate(folder: string): Promise<string> {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  // A certificate of an authority would not be accepted as that of a server.
  const ends = ["-addext", "basicConstraints=critical,CA:FALSE"];
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args, ...files, ...names, ...ends] })
    .output();
  assert(success, new TextDecoder().decode(stderr));
  return await Deno.readTextFile(`${folder}/cert.pem`);
}

/** Waits until a server answers at `address`. */
async function answering(address: string, client: Deno.HttpClient): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (true) {
    const response = await fetch(address, { client }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    assert(performance.now() < deadline, `nothing answers at ${address}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
