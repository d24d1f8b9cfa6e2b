/** Files that browsers load: pages, each answer with a nonce that its own scripts alone have, and what pages load. */
import { createHash, randomBytes } from "node:crypto";
import type { Routes } from "../pipeline/routes.ts";
import type { Asset } from "../services.ts";

/** What a page may load and do: scripts of its answer's nonce and what these import, this server's styles and answers. */
function pagePolicy(nonce: string): string {
  return `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; connect-src 'self'; img-src 'self' data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

export function pageRoutes(routes: Routes, assets: Iterable<readonly [path: string, asset: Asset]>): void {
  for (const [path, { body, type }] of assets) {
    if (!type.startsWith("text/html")) {
      const bytes = new TextEncoder().encode(body);
      // The middleware would make it anew for each answer.
      const tag = `"${createHash("sha256").update(bytes).digest("base64url")}"`;
      const headers = { "Content-Type": type, "Cache-Control": "no-cache", "ETag": tag };
      routes.asset(path, (c) => c.body(bytes, 200, headers), true);
      continue;
    }
    const [first, ...rest] = body.split("<script ");
    // Never from a cache: its nonce would be an old one.
    routes.asset(path, (c) => {
      const nonce = randomBytes(16).toString("base64");
      const page = [first, ...rest].join(`<script nonce="${nonce}" `);
      return c.body(page, 200, { "Content-Type": type, "Content-Security-Policy": pagePolicy(nonce) });
    }, false);
  }
}
