/** The line at the top: the run and its state, the buttons that steer it, and the views. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { act, messageOf } from "../api.ts";
import { linkTo, type View } from "../state/address.ts";
import { count } from "../../lib/report/format.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import { stateOf } from "../state/banner.ts";
import type { Store } from "../store.ts";
import { isConfirmed } from "./confirm.ts";

const TABS: readonly (readonly [View, string])[] = [
  ["overview", "Overview"],
  ["evaluation", "Errors & data"],
  ["runs", "Runs"],
  ["system", "System"],
  ["service", "Service"],
];

export function Header({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  const link = store.link.value;
  const address = store.address.value;
  const state = stateOf(view, link);
  const isSteered = link === "live" && (view.phase === "running" || view.phase === "paused");
  return markup`
    <header class="top">
      <h1><img src="dashboard/icon.svg" alt="" width="24" height="24" /><span class="brand">Lockstep</span>
        <span id="run" class="run">${view.run || "no run yet"}</span></h1>
      <p id="state" class="state" role="status" data-state=${state}>${
    view.place === undefined ? state : `${state} · place ${count(view.place)}`
  }</p>
      ${
    address.run === undefined ? null : markup`<a id="follow" class="follow"
        href=${linkTo({ ...address, run: undefined })}>Follow the server's run</a>`
  }
      ${isSteered ? h(Controls, { view }) : null}
      <nav class="views" aria-label="Views">${
    TABS.map(([name, title]) =>
      markup`<a key=${name} id="to-${name}" href=${linkTo({ ...address, view: name })}
        aria-current=${name === address.view ? "page" : undefined}>${title}</a>`
    )
  }<a class="api" href="docs">API</a></nav>
    </header>`;
}

/** Buttons that pause, resume and stop the run that this server trains. */
function Controls({ view: { run, phase } }: { readonly view: RunView }): ComponentChildren {
  const refused = useSignal("");
  const ask = async (action: "pause" | "resume" | "stop") => {
    const question = `Stop run ${run} after this round? Its training ends, and its model is kept.`;
    if (action === "stop" && !await isConfirmed(question, "Stop the run")) return;
    refused.value = await act(run, action).then(() => "", messageOf);
  };
  const isPaused = phase === "paused";
  return markup`
    <div id="controls" class="controls" role="group" aria-label="Training">
      <button id="pause" type="button" class="plain" onClick=${() => ask(isPaused ? "resume" : "pause")}>${
    isPaused ? "Resume" : "Pause"
  }</button>
      <button id="stop" type="button" class="plain" onClick=${() => ask("stop")}>Stop</button>
      <span class="error" role="status">${refused.value}</span>
    </div>`;
}
