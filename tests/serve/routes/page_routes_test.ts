import { assert, assertEquals, assertMatch } from "@std/assert";
import { fakeApp } from "../fakes.ts";

Deno.test("pages allow scripts with the nonce of their own answer only", async () => {
  const page =
    '<!doctype html><link rel="modulepreload" href="/a.js"><script type="module" src="/a.js"></script><script src="/b.js"></script>';
  const assets = new Map([["/", { body: page, type: "text/html; charset=utf-8" }]]);
  const { app } = fakeApp({ services: { assets } });
  const nonces = new Set<string>();
  for (const path of ["/", "/", "/docs"]) {
    const response = await app.request(path);
    const html = await response.text();
    const policy = response.headers.get("Content-Security-Policy") ?? "";
    const [, nonce = ""] = /^default-src 'none'; script-src 'nonce-([\w+/=]{24})'; /.exec(policy) ?? [];
    nonces.add(nonce);
    const scripts = [...html.matchAll(/<(?:script|link rel="modulepreload") (\S*)/g)].map(([, attribute]) => attribute);
    assert(scripts.length > (path === "/" ? 2 : 0));
    for (const attribute of scripts) assertEquals(attribute, `nonce="${nonce}"`);
    // A cached page would have an old nonce.
    assertEquals([response.headers.get("Cache-Control"), response.headers.get("ETag")], ["no-store", null]);
  }
  assertEquals(nonces.size, 3);
});

Deno.test("an answer that is not a page may load nothing if a browser shows it", async () => {
  const { app } = fakeApp();
  for (const path of ["/dashboard.js", "/runs", "/nope", "/openapi.json"]) {
    const policy = (await app.request(path)).headers.get("Content-Security-Policy") ?? "";
    assertMatch(policy, /^default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
  }
});

Deno.test("a page's file is hashed once, and not sent to a client that has it", async () => {
  const assets = new Map([["/a.js", { body: "export {}; // ä", type: "text/javascript; charset=utf-8" }]]);
  const { app } = fakeApp({ services: { assets } });
  const { digest } = crypto.subtle;
  let digests = 0;
  crypto.subtle.digest = (...given) => {
    digests++;
    return digest.call(crypto.subtle, ...given);
  };
  try {
    const response = await app.request("/a.js");
    const tag = response.headers.get("ETag") ?? "";
    assertMatch(tag, /^"[\w-]{43}"$/);
    assertEquals([response.headers.get("Cache-Control"), await response.text()], ["no-cache", "export {}; // ä"]);
    const again = await app.request("/a.js", { headers: { "If-None-Match": tag } });
    assertEquals([again.status, again.headers.get("ETag"), await again.text()], [304, tag, ""]);
    const other = await app.request("/a.js", { headers: { "If-None-Match": '"other"' } });
    assertEquals([other.status, (await other.text()).length], [200, 15]);
    assertEquals(digests, 0);
  } finally {
    crypto.subtle.digest = digest;
  }
});
