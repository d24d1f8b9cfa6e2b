/** How training goes, as its newest events say. */
import type { ClusterStatus, ClusterView, EventOf, RunEvent } from "../../base/events.ts";
import type { TrainingMetrics } from "../../serve/services.ts";

export interface FiguresOfEvents {
  /** Takes note of `event`. */
  observe(event: RunEvent): void;
  /** The machines of the run, where others take part. */
  cluster(): ClusterStatus | undefined;
  /** Undefined before the first progress. */
  read(): TrainingMetrics | undefined;
}

/** Incidents of all machines that are kept. */
const KEPT = 50;

export function figuresOfEvents(): FiguresOfEvents {
  let newest: Omit<TrainingMetrics, "incidents"> | undefined;
  let incidents = 0;
  let cluster: ClusterView | undefined;
  /** Without a member: of this machine. */
  let told: readonly EventOf<"incident">[] = [];
  return {
    observe(event) {
      if (event.type === "incident") {
        told = [...told, event].slice(-KEPT);
        if (event.member === undefined) incidents++;
      }
      if (event.type === "started") [cluster, told] = [undefined, []];
      if (event.type === "cluster") {
        const { id: _, at: __, type: ___, ...view } = event;
        cluster = view;
      }
      if (event.type === "finished" && newest) newest = { ...newest, sequencesPerSecond: 0 };
      if (event.type !== "progress") return;
      const { round, epoch, training, sequencesPerSecond } = event;
      newest = { round, epoch, ...training, sequencesPerSecond };
    },
    cluster: () =>
      cluster && {
        ...cluster,
        incidents: told.map(({ at, message, member = cluster!.member }) => ({ at, member, message })),
      },
    read: () => newest && { ...newest, incidents },
  };
}
