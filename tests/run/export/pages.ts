/** Asks exported models in pages of a browser. */
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_FLAGS, despiteNetworkChanges } from "../../dashboard/browser/browser.ts";
import { PATIENCE_MS } from "../../patience.ts";

/** Returns the value of `script`, the body of an async function, in a page whose host has the files of `folder` and `more`. */
type Evaluate = (
  folder: string,
  more: ReadonlyMap<string, string | Uint8Array<ArrayBuffer>>,
  script: string,
) => Promise<unknown>;

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

/** Calls `use` with a browser. */
export async function withPages(use: (evaluate: Evaluate) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS, timeout: PATIENCE_MS });
  try {
    await use(async (folder, more, script) => {
      const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
        const { pathname } = new URL(url);
        if (pathname === "/") return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
        const type = TYPES[pathname.split(".").at(-1)!] ?? "application/octet-stream";
        const body = more.get(pathname) ?? await Deno.readFile(join(folder, pathname)).catch(() => undefined);
        return body === undefined
          ? new Response(null, { status: 404 })
          : new Response(body, { headers: { "content-type": type } });
      });
      let value: unknown;
      const askPage = async (watch: (page: Page) => void) => {
        const page = await browser.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        watch(page);
        await page.goto(`http://127.0.0.1:${server.addr.port}/`);
        value = await page.evaluate(`(async () => {${script}})()`);
        await page.close();
      };
      try {
        await despiteNetworkChanges(askPage);
      } finally {
        await server.shutdown();
      }
      return value;
    });
  } finally {
    await browser.close();
  }
}
