/** The page that shows `/openapi.json` to people: a few lines of our own, which the content policy lets run. */
import type { Asset } from "../services.ts";
import page from "./docs.html" with { type: "text" };
import script from "./docs.js" with { type: "text" };
import style from "./docs.css" with { type: "text" };

export const docsAssets: readonly (readonly [path: string, asset: Asset])[] = [
  ["/docs", { body: page, type: "text/html; charset=utf-8" }],
  ["/docs/docs.js", { body: script, type: "text/javascript; charset=utf-8" }],
  ["/docs/docs.css", { body: style, type: "text/css; charset=utf-8" }],
];
