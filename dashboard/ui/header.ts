/** The line at the top: the run and its state, the buttons that steer it, and the views. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { count } from "../../lib/report/format.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import { messageOf, pathOf, request } from "../api.ts";
import { linkTo, type View } from "../state/address.ts";
import { stateOf } from "../state/banner.ts";
import type { Store } from "../store.ts";
import { ModelChoice } from "./model_choice.ts";
import { isConfirmed } from "./confirm.ts";

const TABS: readonly (readonly [View, string])[] = [
  ["overview", "Overview"],
  ["evaluation", "Errors & data"],
  ["label", "Label"],
  ["runs", "Runs"],
  ["system", "System"],
  ["service", "Service"],
];

export function Header({ store }: { readonly store: Store }): ComponentChildren {
  const { run, name, phase, place } = store.view.value;
  const link = store.link.value;
  const address = store.address.value;
  const state = stateOf(store.view.value, link);
  const isSteered = link === "live" && (phase === "running" || phase === "paused");
  const own = linkTo({ ...address, run: undefined });
  const tab = ([name, title]: typeof TABS[number]) =>
    markup`<a key=${name} id="to-${name}" href=${linkTo({ ...address, view: name })}
      aria-current=${name === address.view ? "page" : undefined}>${title}</a>`;
  const model = store.model.value.value;
  const labelled = store.mayOnlyLabel && model && store.labelStore(model).model.value;
  const shown = run || labelled && labelled.run || "no run yet";
  // A server that takes no labels has the tab only while its view is shown, which says how to start another one.
  const isShown = ([view]: typeof TABS[number]) =>
    store.mayOnlyLabel ? view === "label" : view !== "label" || model?.collects || address.view === "label";
  return markup`
    <header class="top">
      <h1><img src="dashboard/icon.svg" alt="" width="24" height="24" /><span class="brand">Lockstep</span>
        ${
    name !== undefined && markup`<span class="short">${name}</span>`
  }<span id="run" class="run">${shown}</span></h1>
      ${h(ModelChoice, { store })}
      ${
    !store.mayOnlyLabel &&
    markup`<p id="state" class="state" role="status" data-state=${state}>${state}${
      place && ` · place ${count(place)}`
    }</p>`
  }
      ${address.run !== undefined && markup`<a id="follow" href=${own}>Follow the server's run</a>`}
      ${isSteered && h(Controls, { run, phase })}
      <nav class="views" aria-label="Views">${TABS.filter(isShown).map(tab)}${
    !store.mayOnlyLabel && markup`<a class="api" href="docs">API</a>`
  }</nav>
    </header>`;
}

/** Buttons that pause, resume and stop the run that this server trains. */
function Controls({ run, phase }: Pick<RunView, "run" | "phase">): ComponentChildren {
  const refused = useSignal("");
  const ask = (action: "pause" | "resume" | "stop") => async () => {
    const question = `Stop run ${run} after this round? Its training ends, and its model is kept.`;
    if (action === "stop" && !await isConfirmed(question, "Stop the run")) return;
    refused.value = await request(pathOf(run, action), "POST").then(() => "", messageOf);
  };
  const [action, name] = phase === "paused" ? ["resume", "Resume"] as const : ["pause", "Pause"] as const;
  return markup`
    <div id="controls" class="controls" role="group" aria-label="Training">
      <button id="pause" type="button" class="plain" onClick=${ask(action)}>${name}</button>
      <button id="stop" type="button" class="plain" onClick=${ask("stop")}>Stop</button>
      <span class="error" role="status">${refused.value}</span>
    </div>`;
}
