/**
 * Reads the dashboard's files and maps them to the paths at which they are served. There is no build step: types are
 * stripped once at start, and the browser loads the modules under their own names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import type { Asset } from "../lib/serve/services.ts";
import signals from "@preact/signals" with { type: "text" };
import signalsCore from "@preact/signals-core" with { type: "text" };
import htm from "htm" with { type: "text" };
import htmPreact from "htm/preact" with { type: "text" };
import preact from "preact" with { type: "text" };
import hooks from "preact/hooks" with { type: "text" };
import uplot from "npm:uplot@1.6.32/dist/uPlot.esm.js" with { type: "text" };
import uplotStyle from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };

const FOLDER = new URL("./", import.meta.url);
/** The libraries of the page, by the names under which modules import them. */
const LIBRARIES: ReadonlyMap<string, string> = new Map([
  ["@preact/signals", signals],
  ["@preact/signals-core", signalsCore],
  ["htm", htm],
  ["htm/preact", htmPreact],
  ["preact", preact],
  ["preact/hooks", hooks],
  ["uplot", uplot],
]);

/** Reads the dashboard's folder. */
export function dashboardAssets(): Map<string, Asset> {
  // Those that request the run come first.
  const modules = modulesFrom("dashboard/main.ts", modulesFrom("dashboard/first.ts"));
  const styles = readdirSync(new URL("styles/", FOLDER)).sort();
  return new Map<string, Asset>([
    ["/", {
      body: pageOf([...modules.keys(), ...[...LIBRARIES.keys()].map(libraryPath)]),
      type: "text/html; charset=utf-8",
    }],
    ["/dashboard/icon.svg", { body: text("icon.svg"), type: "image/svg+xml" }],
    // One file, as each request delays the first paint.
    ["/dashboard/style.css", {
      body: [uplotStyle, ...styles.map((name) => text(`styles/${name}`))].join("\n"),
      type: "text/css; charset=utf-8",
    }],
    ...[...[...LIBRARIES].map(([name, body]) => [libraryPath(name), body] as const), ...modules]
      .map(([path, body]): [string, Asset] => [path, script(linked(body, path))]),
  ]);
}

/** Returns the module at `path`, and all of this project that it imports, without types: also modules of lib/. */
function modulesFrom(path: string, found = new Map<string, string>()): Map<string, string> {
  const body = stripTypeScriptTypes(text(`../${path}`));
  found.set(`/${path}`, body);
  for (const [, target = ""] of body.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"/gm)) {
    const imported = new URL(target, `file:///${path}`).pathname;
    if (!found.has(imported)) modulesFrom(imported.slice(1), found);
  }
  return found;
}

function text(path: string): string {
  return readFileSync(new URL(path, FOLDER), "utf8");
}

/** Returns the page, which tells the browser all its modules at once: it would else find them one after the other. */
function pageOf(modules: readonly string[]): string {
  const links = modules.map((path) => `<link rel="modulepreload" href="${path.slice(1)}">\n    `);
  return text("index.html").replace("</head>", `${links.join("")}</head>`);
}

function libraryPath(name: string): string {
  return `/dashboard/library/${name.replaceAll(/[@/]/g, "-")}.js`;
}

/** Replaces the names of libraries by their addresses relative to the module at `path`. */
function linked(body: string, path: string): string {
  const up = "../".repeat(path.split("/").length - 2);
  return body.replaceAll(
    /\bfrom\s*"([^".][^"]*)"/g,
    (found, name) => LIBRARIES.has(name) ? `from "${up}${libraryPath(name).slice(1)}"` : found,
  );
}

function script(body: string): Asset {
  return { body, type: "text/javascript; charset=utf-8" };
}
