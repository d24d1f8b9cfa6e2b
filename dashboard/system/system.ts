/** The view of the machinery: speed, averaging, workers and machines, the timeline, the digest and the config. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { EventOf, WorkerShare } from "../../lib/base/events.ts";
import { count, percent } from "../../lib/report/format.ts";
import type { Order } from "../../lib/report/order.ts";
import type { Store } from "../store.ts";
import { Card } from "../ui/card.ts";
import { type Column, Numbers, Table } from "../ui/table.ts";
import { ConfigCard } from "./config_card.ts";
import { MachineryCharts } from "./machinery_charts.ts";
import { Timeline } from "./timeline.ts";

export function System({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  const { summary, workers, meanWorkers, cluster, notes } = view;
  return markup`
    <div class="view system">
      ${h(MachineryCharts, { view, axis: store.axis })}
      ${h(Workers, { isOver: summary !== undefined, workers: summary ? meanWorkers : workers })}
      ${cluster && h(Machines, cluster)}
      ${h(Timeline, { notes })}
      ${h(ConfigCard, view)}
    </div>`;
}

interface WorkersProps {
  readonly workers: readonly WorkerShare[];
  /** True if the run has ended: the shares are those of all of its training. */
  readonly isOver: boolean;
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

export function Workers({ workers, isOver }: WorkersProps): ComponentChildren {
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
