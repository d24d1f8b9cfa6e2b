import { assert, assertEquals, assertMatch } from "@std/assert";
import { dashboardAssets } from "../../dashboard/assets.ts";

const assets = dashboardAssets();
const ORIGIN = "http://dashboard";

/** Returns the paths that the asset at `path` refers to. */
function references(path: string, body: string): string[] {
  const found = path.endsWith(".ts")
    ? body.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)"/gm)
    : path.endsWith(".js")
    ? body.matchAll(/\b(?:import|export)\b[^;"]*?\bfrom "([^"]+)"/g)
    : body.matchAll(/\b(?:src|href)="([^"]+)"/g);
  return [...found].map(([, target = ""]) => {
    // References are relative, as a proxy may serve the page under a path.
    assertMatch(target, /\.[tj]s$/.test(path) ? /^\.\.?\// : /^(\.\/|[a-z]+\/)/, `${path} refers to "${target}"`);
    return new URL(target, `${ORIGIN}${path}`).pathname;
  });
}

Deno.test("dashboardAssets() has exactly the files that the page and its modules load", () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    const asset = assets.get(path);
    assert(asset, `There is no asset ${path}`);
    if (path === "/" || /\.[tj]s$/.test(path)) references(path, asset.body).forEach(visit);
  };
  visit("/");
  assertEquals([...reached].sort(), [...assets.keys()].sort());
});

Deno.test("dashboardAssets() has the media type of each file", () => {
  for (const [path, { type }] of assets) {
    if (/\.(ts|js)$/.test(path)) assertEquals(type, "text/javascript; charset=utf-8", path);
  }
  assertEquals(assets.get("/")?.type, "text/html; charset=utf-8");
});

Deno.test("dashboardAssets() has no inline script or style, which the page's policy would refuse", () => {
  const page = assets.get("/")?.body ?? "";
  assertEquals([...page.matchAll(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/g)], []);
});
