/// <reference lib="dom" />
/** Connects the parts of the page: events change the view, and panels draw the view. */
import { linkTo, parseAddress, VIEWS } from "./state/address.ts";
import type { Axis } from "./charts/chart.ts";
import { Charts } from "./charts/charts.ts";
import { Connection, type Link } from "./connection.ts";
import { Controls } from "./panels/controls.ts";
import { DataPanel } from "./panels/data_panel.ts";
import { byId } from "./page/dom.ts";
import { MetricCards } from "./panels/metrics.ts";
import { Header } from "./panels/header.ts";
import { moment } from "./state/format.ts";
import { EvaluationPanel } from "./panels/evaluation_panel.ts";
import { Notice } from "./page/notice.ts";
import { PredictBox } from "./panels/predict.ts";
import { RunsPanel } from "./panels/runs_panel.ts";
import { scheduler } from "./page/schedule.ts";
import { ServicePanel } from "./panels/service_panel.ts";
import { Settings } from "./panels/settings.ts";
import { applyDetail } from "./state/run_detail.ts";
import { apply, createView, type RunView } from "./state/state.ts";
import { onSchemeChange } from "./charts/theme.ts";
import { Timeline } from "./panels/timeline.ts";
import { Machines } from "./panels/machines.ts";
import { Workers } from "./panels/workers.ts";

const page = byId("page", HTMLElement);
const follow = byId("follow", HTMLAnchorElement);
const header = new Header();
const controls = new Controls();
const charts = new Charts();
const box = new PredictBox();
const runs = new RunsPanel(() => draw());
const service = new ServicePanel();
const notice = new Notice();
const panels = {
  training: [new MetricCards(), new Workers(), new Machines(), new Timeline(() => draw()), new Settings(), box],
  evaluation: [new DataPanel(), new EvaluationPanel()],
  runs: [],
  service: [],
} as const;

let address = parseAddress(location);
let view: RunView = createView(address.run ?? "");
let link: Link = "connecting";
let axis: Axis = "step";
/** Time of the newest event by this page's own clock: the server's may differ. */
let newestAt = performance.now();
/** Identifies what the charts show: they are drawn only if it has changed. */
let drawnCharts = "";

const draw = scheduler(() => {
  drawHeader();
  // Hidden views are drawn when they are shown.
  for (const panel of panels[address.view]) panel.draw(view);
  if (address.view === "runs") runs.draw(view, axis);
  if (address.view === "service") service.draw();
  const wanted = `${view.run} ${view.lastId} ${axis}`;
  if (wanted !== drawnCharts && address.view === "training") {
    charts.draw(view, axis);
    drawnCharts = wanted;
  }
  page.dataset["points"] = String(view.points);
  page.dataset["rows"] = String(view.progress.length);
  page.dataset["lastId"] = String(view.lastId);
});

function drawHeader(): void {
  const ticking = link === "live" && (view.phase === "running" || view.phase === "stopping");
  controls.draw(view, link);
  header.draw(view, link, view.seconds + (ticking ? (performance.now() - newestAt) / 1000 : 0));
}

const connection = new Connection({
  run(detail) {
    if (detail.id !== view.run) {
      view = createView(detail.id);
      void box.load().then(draw);
    }
    applyDetail(view, detail);
    draw();
  },
  event(event) {
    apply(view, event);
    newestAt = performance.now();
    draw();
  },
  dropped(message) {
    notice.show(`${moment(new Date().toISOString())}: ${message}. It continues where it stopped.`);
  },
  link(now) {
    if (now === "live" && link === "reconnecting") void box.load().then(draw);
    link = now;
    draw();
  },
});

/** Shows the view and the run that the address names. */
function go(): void {
  const old = address;
  address = parseAddress(location);
  for (const name of VIEWS) {
    const isShown = name === address.view;
    byId(`view-${name}`, HTMLElement).hidden = !isShown;
    const tab = byId(`to-${name}`, HTMLAnchorElement);
    tab.href = linkTo({ ...address, view: name });
    if (isShown) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  page.dataset["view"] = address.view;
  follow.hidden = address.run === undefined;
  follow.href = linkTo({ view: address.view, run: undefined });
  if (old.run !== address.run) {
    if (address.run !== undefined && address.run !== view.run) view = createView(address.run);
    connection.choose(address.run);
  }
  draw();
}

// Links within the page only change the address. With a modifier key, the browser opens them in a new tab or window.
page.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target.closest("a") : null;
  if (!target || target.origin !== location.origin || target.pathname !== location.pathname) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (target.href !== location.href) history.pushState(null, "", target.href);
  go();
});
addEventListener("popstate", go);

for (const choice of document.querySelectorAll<HTMLInputElement>("input[name=axis]")) {
  choice.addEventListener("change", () => {
    axis = choice.value === "seconds" ? "seconds" : "step";
    draw();
  });
}
onSchemeChange(() => {
  for (const drawn of [charts, runs, service]) drawn.redraw();
});
setInterval(() => {
  drawHeader();
  if (!document.hidden && (address.view === "runs" || address.view === "service")) draw();
}, 1000);
go();
// Predictions are from the server's own model, also while the page shows another run.
if (address.run !== undefined) void box.load().then(draw);
connection.choose(address.run);
