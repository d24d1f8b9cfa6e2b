/** One row per worker: its speed and its shares of time. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { WorkerShare } from "../../lib/base/events.ts";
import { count, percent } from "../../lib/report/format.ts";
import { meanOf } from "../../lib/report/run_view.ts";
import { Card } from "../ui/card.ts";

const SHARES = [["compute", "computing"], ["average", "averaging"], ["wait", "waiting"]] as const;

interface WorkersProps {
  readonly workers: readonly WorkerShare[];
  /** True if the run has ended: the shares are those of all of its training. */
  readonly isOver: boolean;
}

export function Workers({ workers, isOver }: WorkersProps): ComponentChildren {
  const empty = workers.length === 0 ? "Waiting for the first round" : "";
  const title = markup`Workers <span class="at">${isOver ? "mean of the run" : "now"}</span>`;
  const mean = (share: typeof SHARES[number][0]) => {
    const value = meanOf(workers, share);
    return percent(value, value < 0.1 ? 1 : 0);
  };
  return h(
    Card,
    { id: "workers", title, empty },
    markup`
    <ul class="legend">${
      SHARES.map(([share]) =>
        markup`<li key=${share}><span class="mark ${share}"></span>${share}${" "}<span class="value">${
          mean(share)
        }</span></li>`
      )
    }</ul>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="workers-title">
      <table>
        <thead><tr><th scope="col"><abbr title="number of the worker">#</abbr></th><th scope="col">time</th>
          <th scope="col" class="number">sequences/s</th></tr></thead>
        <tbody id="worker-rows">${workers.map((worker) => h(Row, { key: worker.worker, ...worker }))}</tbody>
      </table>
    </div>`,
  );
}

function Row(worker: WorkerShare): ComponentChildren {
  const other = 1 - SHARES.reduce((sum, [share]) => sum + worker[share], 0);
  const words = SHARES.map(([share, name]) => `${name} ${percent(worker[share], 1)}`).join(", ") +
    (other > 0.0005 ? `, other ${percent(other, 1)}` : "");
  return markup`<tr><th scope="row">${worker.worker}</th>
    <td><div class="bar" role="img" aria-label=${words} title=${words}>${
    SHARES.map(([share]) => markup`<span class=${share} style="width: ${100 * worker[share]}%"></span>`)
  }</div></td><td class="number">${count(worker.sequencesPerSecond)}</td></tr>`;
}
