/** Draws how well a stream of rows is predicted before it is learnt, where its rules changed, and how fast it is learnt. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { RunView } from "../../lib/report/run_view.ts";
import { Chart } from "../charts/chart.ts";
import { ACCURACY, ROWS } from "../charts/plot.ts";

export function StreamCharts({ stream }: Pick<RunView, "stream">): ComponentChildren {
  if (!stream) return null;
  const x = Float64Array.from(stream.history, ({ rows }) => rows);
  const rates = Float64Array.from(stream.history, ({ rowsPerSecond }) => rowsPerSecond);
  const accuracies = Float64Array.from(stream.history, ({ accuracy }) => accuracy ?? NaN);
  const shared = { axis: "step", axisName: "row", missing: "Waiting for rows after the first segment" } as const;
  const accuracy = {
    id: "stream-accuracy",
    title: "Rows of the stream, before they are learnt",
    label: "Accuracy of the predictions of rows that were not learnt yet, with marks where it fell",
    measure: ACCURACY,
    lines: [{ label: "accuracy", colour: "validation", isMarked: true, x, y: accuracies }],
    marks: stream.drifts.map((at) => ({ at, name: "drift" })),
  } as const;
  const rate = {
    id: "stream-rate",
    title: "Speed of the stream",
    label: "Rows in a second that were read and learnt, for each segment",
    measure: ROWS,
    lines: [{ label: "rows/s", colour: "third", isMarked: true, x, y: rates }],
  } as const;
  return markup`${h(Chart, { ...shared, ...accuracy })}${h(Chart, { ...shared, ...rate })}`;
}
