/** The view of the machinery: speed, averaging, workers and machines, the timeline, the digest and the config. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useMemo } from "preact/hooks";
import type { EventOf, WorkerShare } from "../../lib/base/events.ts";
import { count, duration, moment, percent } from "../../lib/report/format.ts";
import type { Order } from "../../lib/report/order.ts";
import { isIncident, type Note } from "../../lib/report/run_view.ts";
import type { Store } from "../store.ts";
import { Card, Switch } from "../ui/card.ts";
import { type Column, Numbers, Table } from "../ui/table.ts";
import { ConfigCard } from "./config_card.ts";
import { MachineryCharts } from "./machinery_charts.ts";

export function System({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  const { summary, workers, meanWorkers, cluster, notes } = view;
  return markup`
    <div class="view system">
      ${h(MachineryCharts, { view, axis: store.axis })}
      ${h(Workers, { isOver: summary !== undefined, workers: summary ? meanWorkers : workers })}
      ${cluster && h(Machines, cluster)}
      ${h(Timeline, { notes })}
      ${h(ConfigCard, { ...view, data: store.data.value.value })}
    </div>`;
}

type Share = Exclude<keyof WorkerShare, "worker">;
const column = (name: string, key: Share, text: (value: number) => string): Column<WorkerShare> => ({
  name,
  value: (worker) => worker[key],
  cell: (worker) => text(worker[key]),
});
const inPercent = (share: number) => percent(share, 1);
const WORKERS: readonly Column<WorkerShare>[] = [
  { name: "worker", cell: ({ worker }) => worker },
  column("computing", "compute", inPercent),
  column("averaging", "average", inPercent),
  column("waiting", "wait", inPercent),
  column("sequences/s", "sequencesPerSecond", count),
];

/** `isOver`: the run has ended, and the shares are those of all of its training. */
export function Workers(
  { workers, isOver }: { readonly workers: readonly WorkerShare[]; readonly isOver: boolean },
): ComponentChildren {
  const order = useSignal<Order | undefined>(undefined);
  const title = markup`Workers <span class="at">${isOver ? "mean of the run" : "now"}</span>`;
  const empty = workers.length === 0 ? "Waiting for the first round" : "";
  const table = { labelledBy: "workers-title", columns: WORKERS, rows: workers, order };
  return h(Card, { id: "workers", title, empty }, h(Table<WorkerShare>, table));
}

export function Machines({ members, leader, member: own }: EventOf<"cluster">): ComponentChildren {
  const rows = members.map(({ member, round, bytesUp, bytesDown, wait, incident }) => {
    const roles = [...member === leader ? ["leader"] : [], ...member === own ? ["this machine"] : []];
    const [up, down] = [bytesUp, bytesDown].map((bytes) => (bytes / 1e6).toFixed(1));
    const name = roles.length > 0 ? `${member} (${roles.join(", ")})` : member;
    return [name, count(round), `${up} / ${down}`, inPercent(wait), incident];
  });
  const columns = ["machine", "round", "MB up / down", "waiting", "newest incident"];
  return h(Card, { id: "machines", title: "Machines" }, h(Numbers, { labelledBy: "machines-title", columns, rows }));
}

/** Starts, checkpoints, incidents and the end of a run, newest first. */
export function Timeline({ notes }: { readonly notes: readonly Note[] }): ComponentChildren {
  const isFiltered = useSignal(false);
  const incidents = notes.filter(isIncident);
  const text = `incidents only (${count(incidents.length)})`;
  const set = (isOn: boolean) => isFiltered.value = isOn;
  const head = h(Switch, { id: "incidents-only", text, isOn: isFiltered.value, set });
  // A change replaces the array: hundreds of notes are not compared for each event.
  const items = useMemo(() => (isFiltered.value ? incidents : notes).map(Item), [notes, isFiltered.value]);
  const list = markup`<ol id="notes" class="notes" tabindex="0" aria-labelledby="timeline-title">${items}
    ${items.length === 0 && markup`<li class="hint">No incidents</li>`}</ol>`;
  return h(Card, { id: "timeline", title: "Timeline", head, empty: notes.length === 0 ? "Nothing yet" : "" }, list);
}

function Item(note: Note): ComponentChildren {
  return markup`<li key=${note.id} class="${note.kind} ${isIncident(note) && "bad"}">
    <time class="when" datetime=${note.at} title=${moment(note.at)}>${duration(note.seconds)}</time>
    <span class="what">${note.text}</span></li>`;
}
