/// <reference lib="dom" />
/** Puts the page together: events into the view, the view onto the screen. */
import type { Axis } from "./chart.ts";
import { Charts } from "./charts.ts";
import { Connection, type Link } from "./connection.ts";
import { byId } from "./dom.ts";
import { Figures } from "./figures.ts";
import { Controls } from "./controls.ts";
import { Header } from "./header.ts";
import { PredictBox } from "./predict.ts";
import { scheduler } from "./schedule.ts";
import { Settings } from "./settings.ts";
import { apply, createView, type RunView } from "./state.ts";
import { onSchemeChange } from "./theme.ts";
import { Timeline } from "./timeline.ts";
import { Machines } from "./machines.ts";
import { Workers } from "./workers.ts";

const page = byId("page", HTMLElement);
const header = new Header();
const controls = new Controls();
const charts = new Charts();
const box = new PredictBox();
const panels = [new Figures(), new Workers(), new Machines(), new Timeline(), new Settings()];

let view: RunView = createView("");
let link: Link = "connecting";
let axis: Axis = "step";
/** When the newest event came, by this page's own clock: the server's may differ. */
let heardAt = performance.now();
/** What the charts show, and whether that has changed since. */
let charted = "";

const draw = scheduler(() => {
  drawHeader();
  for (const panel of panels) panel.draw(view);
  const wanted = `${view.run} ${view.lastId} ${axis}`;
  if (wanted !== charted) charts.draw(view, axis);
  charted = wanted;
  page.dataset["points"] = String(view.points);
  page.dataset["rows"] = String(view.progress.length);
  page.dataset["lastId"] = String(view.lastId);
});

function drawHeader(): void {
  const ticking = link === "live" && (view.phase === "running" || view.phase === "stopping");
  controls.draw(view, link);
  header.draw(view, link, view.seconds + (ticking ? (performance.now() - heardAt) / 1000 : 0));
}

const connection = new Connection({
  run(detail) {
    if (detail.id !== view.run) {
      view = createView(detail.id);
      void box.load();
    }
    if (detail.state === "interrupted") view.phase = "interrupted";
    else if (view.phase === "interrupted") view.phase = "running";
    draw();
  },
  event(event) {
    apply(view, event);
    heardAt = performance.now();
    draw();
  },
  link(now) {
    if (now === "live" && link === "reconnecting") void box.load();
    link = now;
    draw();
  },
});

for (const choice of document.querySelectorAll<HTMLInputElement>("input[name=axis]")) {
  choice.addEventListener("change", () => {
    axis = choice.value === "seconds" ? "seconds" : "step";
    draw();
  });
}
onSchemeChange(() => charts.redraw());
setInterval(drawHeader, 1000);
draw();
void connection.look();
