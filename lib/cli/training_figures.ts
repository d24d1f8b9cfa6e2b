/** How training goes, as its newest events say. */
import type { ClusterView, RunEvent } from "../events.ts";
import type { TrainingFigures } from "../serve/services.ts";

export interface FiguresOfEvents {
  /** Takes note of `event`. */
  observe(event: RunEvent): void;
  /** The machines of the run, where others take part. */
  cluster(): ClusterView | undefined;
  /** Undefined before the first progress. */
  read(): TrainingFigures | undefined;
}

export function figuresOfEvents(): FiguresOfEvents {
  let newest: Omit<TrainingFigures, "incidents"> | undefined;
  let incidents = 0;
  let cluster: ClusterView | undefined;
  return {
    observe(event) {
      if (event.type === "incident") incidents++;
      if (event.type === "started") cluster = undefined;
      if (event.type === "cluster") {
        const { id: _, at: __, type: ___, ...view } = event;
        cluster = view;
      }
      if (event.type === "finished" && newest) newest = { ...newest, sequencesPerSecond: 0 };
      if (event.type !== "progress") return;
      const { round, epoch, training, sequencesPerSecond } = event;
      newest = { round, epoch, ...training, sequencesPerSecond };
    },
    cluster: () => cluster,
    read: () => newest && { ...newest, incidents },
  };
}
