import { assert, assertEquals } from "@std/assert";
import { allowedHostsFor, LOOPBACK_HOSTS } from "../../../lib/serve/pipeline/gate.ts";
import { fakeApp } from "../fakes.ts";
import type { ProblemBody } from "../http/reading.ts";

Deno.test("allowedHostsFor() gives loopback names for a loopback address, otherwise any", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]"]) {
    assertEquals(allowedHostsFor(host), LOOPBACK_HOSTS);
  }
  assertEquals(allowedHostsFor("127.0.0.2"), [...LOOPBACK_HOSTS, "127.0.0.2"]);
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "127.0.0.1.example"]) assertEquals(allowedHostsFor(host), "any");
});

Deno.test("createApp() accepts loopback names with any port, and refuses others", async () => {
  const { app } = fakeApp();
  const status = async (Host: string) => (await app.request("/livez", { headers: { Host } })).status;
  for (const host of ["localhost", "LocalHost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"]) {
    assertEquals(await status(host), 200, host);
  }
  for (const host of ["evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", "[::2]"]) {
    // Twice: a refused name stays refused, also after a good one.
    assertEquals([await status(host), await status(host)], [421, 421], host);
    assertEquals([await status("localhost"), await status(host)], [200, 421], host);
  }
  const body: ProblemBody = await (await app.request("/predict", { headers: { Host: "evil.example:80" } })).json();
  assertEquals(body.errors, [{
    field: "Host",
    message: 'Host is "evil.example:80": expected localhost, 127.0.0.1, [::1]',
  }]);
});

Deno.test("createApp() answers a malformed Host with a 400 problem and all security headers", async () => {
  const hosts = ["", "::1", "x y", "x\\livez?", "a/livez?", "a#", "me@localhost", "localhost:", "localhost:0"];
  const more = [
    "localhost:99999",
    "localhost:8000:1",
    "local%68ost",
    "a..b",
    ".a",
    "[::1",
    "[localhost]",
    "[1.2]",
    "é",
  ];
  for (const allowedHosts of [LOOPBACK_HOSTS, "any"] as const) {
    for (const Host of [...hosts, ...more, "localhost, localhost", "1.2.3.4.5", "a".repeat(300)]) {
      const { app } = fakeApp({ allowedHosts });
      const response = await app.fetch(new Request("http://localhost/livez", { headers: { Host } }));
      const body: ProblemBody = await response.json();
      assertEquals([response.status, body.errors[0]?.field, body.title], [400, "Host", "Bad Request"], Host);
      assertEquals(response.headers.get("Content-Type"), "application/problem+json");
      for (const name of ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"]) {
        assert(response.headers.has(name), name);
      }
    }
  }
});

Deno.test("createApp() accepts the configured names, or any", async () => {
  const Host = "lockstep.example";
  assertEquals((await fakeApp({ allowedHosts: [Host] }).app.request("/livez", { headers: { Host } })).status, 200);
  assertEquals((await fakeApp({ allowedHosts: "any" }).app.request("/livez", { headers: { Host } })).status, 200);
});

Deno.test("createApp() refuses a POST from another site's page", async () => {
  const { app } = fakeApp();
  const post = async (Host: string, Origin: string) => {
    const init = { method: "POST", headers: { Host, Origin }, body: '{"tokens":[1,2,3]}' };
    return (await app.request("/predict", init)).status;
  };
  assertEquals(await post("localhost:8000", "http://localhost:8000"), 200);
  assertEquals(await post("localhost:80", "http://localhost"), 200);
  assertEquals(await post("localhost", "https://localhost"), 200);
  for (const origin of ["http://evil.example", "http://localhost:8001", "http://localhost.evil.example", "null", "x"]) {
    assertEquals(await post("localhost:8000", origin), 403, origin);
  }
  // The browser refuses to read the answer: none allows another origin.
  const read = await app.request("/model", { headers: { Origin: "http://evil.example" } });
  assertEquals([read.status, read.headers.get("Access-Control-Allow-Origin")], [200, null]);
});

Deno.test("createApp() refuses what pages of other sites load, unless it is a link", async () => {
  const load = async (path: string, site: string, mode: string, options = {}) => {
    const headers = { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode };
    const answer = await fakeApp(options).app.request(path, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  for (const path of ["/predict?tokens=1,2,3", "/events", "/model"]) {
    for (const mode of ["no-cors", "cors", "same-origin"]) {
      assertEquals(await load(path, "cross-site", mode), 403, path);
    }
    for (const site of ["same-origin", "same-site", "none"]) assertEquals(await load(path, site, "cors"), 200, path);
    assertEquals(await load(path, "cross-site", "navigate"), 200);
    assertEquals(await load(path, "cross-site", "cors", { corsOrigin: "https://shop.example" }), 200);
    assertEquals(await load(path, "cross-site", "cors", { anyOrigin: true }), 200);
  }
});
