/**
 * Serves the files that browsers load: pages, each answer with a nonce for its own scripts, and their scripts and styles.
 * `/docs` is a page of a few lines that shows `/openapi.json`; a larger viewer would need a weaker content policy.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Routes } from "../pipeline/routes.ts";
import type { Asset } from "../services.ts";
import docsPage from "./docs/page.html" with { type: "text" };
import docsScript from "./docs/page.js" with { type: "text" };
import docsStyle from "./docs/page.css" with { type: "text" };

const docs: readonly (readonly [path: string, asset: Asset])[] = [
  ["/docs", { body: docsPage, type: "text/html; charset=utf-8" }],
  ["/docs/docs.js", { body: docsScript, type: "text/javascript; charset=utf-8" }],
  ["/docs/docs.css", { body: docsStyle, type: "text/css; charset=utf-8" }],
];

/** Lets a page load scripts with the answer's nonce and their imports, and styles and data of this server. */
function pagePolicy(nonce: string): string {
  return `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; connect-src 'self'; img-src 'self' data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

export function pageRoutes(routes: Routes, assets: Iterable<readonly [path: string, asset: Asset]>): void {
  for (const [path, { body, type }] of [...assets, ...docs]) {
    if (!type.startsWith("text/html")) {
      const bytes = new TextEncoder().encode(body);
      // Hono's middleware would compute it again for each answer.
      const tag = `"${createHash("sha256").update(bytes).digest("base64url")}"`;
      const headers = { "Content-Type": type, "Cache-Control": "no-cache", "ETag": tag };
      routes.asset(path, (c) => c.body(bytes, 200, headers), true);
      continue;
    }
    const parts = body.split(/(?<=<script |<link rel="modulepreload" )/);
    // Never cached: the nonce would be an old one.
    routes.asset(path, (c) => {
      const nonce = randomBytes(16).toString("base64");
      // The page of people who only label sends no requests that their token does not open.
      const right = c.env.right === "label" ? ' data-right="label"' : "";
      const page = parts.join(`nonce="${nonce}" `).replace("<html", `<html${right}`);
      return c.body(page, 200, { "Content-Type": type, "Content-Security-Policy": pagePolicy(nonce) });
    }, false);
  }
}
