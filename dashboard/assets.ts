/**
 * The dashboard's files, by the path that they are served at. There is no build step: the texts are imported, types
 * are stripped once at start, and the browser loads the modules under their own names.
 */
import { stripTypeScriptTypes } from "node:module";
import counted from "../lib/counted.ts" with { type: "text" };
import type { Asset } from "../lib/serve/services.ts";
import uplot from "npm:uplot@1.6.32/dist/uPlot.esm.js" with { type: "text" };
import uplotStyle from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };
import address from "./address.ts" with { type: "text" };
import align from "./align.ts" with { type: "text" };
import api from "./api.ts" with { type: "text" };
import ask from "./ask.ts" with { type: "text" };
import bars from "./bars.ts" with { type: "text" };
import chart from "./chart.ts" with { type: "text" };
import charts from "./charts.ts" with { type: "text" };
import compare from "./compare.ts" with { type: "text" };
import confusion from "./confusion.ts" with { type: "text" };
import confusionTable from "./confusion_table.ts" with { type: "text" };
import connection from "./connection.ts" with { type: "text" };
import controls from "./controls.ts" with { type: "text" };
import dataPanel from "./data_panel.ts" with { type: "text" };
import dom from "./dom.ts" with { type: "text" };
import figures from "./figures.ts" with { type: "text" };
import format from "./format.ts" with { type: "text" };
import header from "./header.ts" with { type: "text" };
import history from "./history.ts" with { type: "text" };
import judgementPanel from "./judgement_panel.ts" with { type: "text" };
import machines from "./machines.ts" with { type: "text" };
import main from "./main.ts" with { type: "text" };
import newRun from "./new_run.ts" with { type: "text" };
import notice from "./notice.ts" with { type: "text" };
import openMetrics from "./open_metrics.ts" with { type: "text" };
import predict from "./predict.ts" with { type: "text" };
import runDetail from "./run_detail.ts" with { type: "text" };
import runRow from "./run_row.ts" with { type: "text" };
import runsPanel from "./runs_panel.ts" with { type: "text" };
import schedule from "./schedule.ts" with { type: "text" };
import selection from "./selection.ts" with { type: "text" };
import serviceFigures from "./service_figures.ts" with { type: "text" };
import servicePanel from "./service_panel.ts" with { type: "text" };
import settings from "./settings.ts" with { type: "text" };
import state from "./state.ts" with { type: "text" };
import table from "./table.ts" with { type: "text" };
import theme from "./theme.ts" with { type: "text" };
import ticks from "./ticks.ts" with { type: "text" };
import timeline from "./timeline.ts" with { type: "text" };
import tokens from "./tokens.ts" with { type: "text" };
import workers from "./workers.ts" with { type: "text" };
import style from "./dashboard.css" with { type: "text" };
import viewsStyle from "./views.css" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import page from "./index.html" with { type: "text" };

/** By the name of their file. */
const MODULES = {
  address,
  align,
  api,
  ask,
  bars,
  chart,
  charts,
  compare,
  confusion,
  confusion_table: confusionTable,
  connection,
  controls,
  data_panel: dataPanel,
  dom,
  figures,
  format,
  header,
  history,
  judgement_panel: judgementPanel,
  machines,
  main,
  new_run: newRun,
  notice,
  open_metrics: openMetrics,
  predict,
  run_detail: runDetail,
  run_row: runRow,
  runs_panel: runsPanel,
  schedule,
  selection,
  service_figures: serviceFigures,
  service_panel: servicePanel,
  settings,
  state,
  table,
  theme,
  ticks,
  timeline,
  tokens,
  workers,
};

/** Beside the modules that import it. */
const UPLOT = "uplot.js";

export function dashboardAssets(): Map<string, Asset> {
  const modules = Object.entries(MODULES).map(([name, text]): [string, Asset] => [
    `/dashboard/${name}.ts`,
    script(stripTypeScriptTypes(text).replace('from "uplot"', `from "./${UPLOT}"`)),
  ]);
  return new Map<string, Asset>([
    ["/", { body: page, type: "text/html; charset=utf-8" }],
    ["/dashboard/dashboard.css", stylesheet(style)],
    ["/dashboard/views.css", stylesheet(viewsStyle)],
    ["/dashboard/icon.svg", { body: icon, type: "image/svg+xml" }],
    ["/dashboard/uplot.css", stylesheet(uplotStyle)],
    [`/dashboard/${UPLOT}`, script(uplot)],
    ...modules,
    // The one module of lib/ that the page runs.
    ["/lib/counted.ts", script(stripTypeScriptTypes(counted))],
  ]);
}

function script(body: string): Asset {
  return { body, type: "text/javascript; charset=utf-8" };
}

function stylesheet(body: string): Asset {
  return { body, type: "text/css; charset=utf-8" };
}
