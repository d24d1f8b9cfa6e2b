/**
 * Reads the dashboard's files and maps them to the paths at which they are served. There is no build step: types are
 * stripped once at start, and the browser loads the modules under their own names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import type { Asset } from "../lib/serve/services.ts";
import uplot from "npm:uplot@1.6.32/dist/uPlot.esm.js" with { type: "text" };
import uplotStyle from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };

const FOLDER = new URL("./", import.meta.url);
/** The only modules of lib/ that the page runs. They import nothing. */
const SHARED = ["lib/base/counted.ts", "lib/cli/outcome.ts"];
const UPLOT = "/dashboard/uplot.js";

/** Reads the dashboard's folder. */
export function dashboardAssets(): Map<string, Asset> {
  const names = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const modules = names.filter((name) => name.endsWith(".ts") && name !== "assets.ts").sort();
  return new Map<string, Asset>([
    ["/", { body: text("index.html"), type: "text/html; charset=utf-8" }],
    ["/dashboard/dashboard.css", stylesheet(text("dashboard.css"))],
    ["/dashboard/views.css", stylesheet(text("views.css"))],
    ["/dashboard/icon.svg", { body: text("icon.svg"), type: "image/svg+xml" }],
    ["/dashboard/uplot.css", stylesheet(uplotStyle)],
    [UPLOT, script(uplot)],
    ...modules.map((name): [string, Asset] => [`/dashboard/${name}`, script(browserModule(name))]),
    ...SHARED.map((path): [string, Asset] => [`/${path}`, script(stripTypeScriptTypes(text(`../${path}`)))]),
  ]);
}

function text(path: string): string {
  return readFileSync(new URL(path, FOLDER), "utf8");
}

/** Returns the module `name` without types, and with the chart library where the page has it. */
function browserModule(name: string): string {
  const up = "../".repeat(name.split("/").length);
  return stripTypeScriptTypes(text(name)).replace('from "uplot"', `from "${up}${UPLOT.slice(1)}"`);
}

function script(body: string): Asset {
  return { body, type: "text/javascript; charset=utf-8" };
}

function stylesheet(body: string): Asset {
  return { body, type: "text/css; charset=utf-8" };
}
