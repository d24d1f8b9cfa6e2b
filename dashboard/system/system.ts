/** The view of the machinery: speed, workers and machines, averaging, the timeline, the digest and the config. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Store } from "../store.ts";
import { ConfigCard } from "./config_card.ts";
import { Machines } from "./machines.ts";
import { MachineryCharts } from "./machinery_charts.ts";
import { Timeline } from "./timeline.ts";
import { Workers } from "./workers.ts";

export function System({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  return markup`
    <div class="view system">
      ${h(MachineryCharts, { view, axis: store.axis })}
      ${h(Workers, { isOver: view.summary !== undefined, workers: view.summary ? view.meanWorkers : view.workers })}
      ${view.cluster ? h(Machines, { cluster: view.cluster }) : null}
      ${h(Timeline, { notes: view.notes, seconds: view.seconds })}
      ${h(ConfigCard, { started: view.started, config: view.config, digest: view.digest, round: view.digestRound })}
    </div>`;
}
