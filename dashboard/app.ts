/// <reference lib="dom" />
/** The page: header, messages, and the view that the address names. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, type ComponentType, h } from "preact";
import { useEffect } from "preact/hooks";
import { percent } from "../lib/report/format.ts";
import { Evaluation } from "./evaluation/evaluation.ts";
import { Label } from "./label/label.ts";
import { Overview } from "./overview/overview.ts";
import { Runs } from "./runs/runs.ts";
import { Service } from "./service/service.ts";
import { parseAddress, type View } from "./state/address.ts";
import { type Banner, bannerOf, stateOf } from "./state/banner.ts";
import type { Store } from "./store.ts";
import { System } from "./system/system.ts";
import { Command } from "./ui/card.ts";
import { Header } from "./ui/header.ts";
import { Explained } from "./ui/reasons.ts";

const VIEWS: Readonly<Record<View, ComponentType<{ readonly store: Store }>>> = {
  overview: Overview,
  evaluation: Evaluation,
  label: Label,
  runs: Runs,
  system: System,
  service: Service,
};

export function App({ store }: { readonly store: Store }): ComponentChildren {
  const view = store.view.value;
  const address = store.address.value;
  const link = store.link.value;
  const banner = store.mayOnlyLabel ? undefined : bannerOf(view, link, address.run, store.words.value);
  const accuracy = view.validation ? `${percent(view.validation.accuracy)} · ` : "";
  const state = store.mayOnlyLabel ? "label" : stateOf(view, link);
  const title = `${accuracy}${view.run || "Lockstep"} · ${state}`;
  useEffect(() => void (document.title = title), [title]);
  // Links within the page only change the address. With a modifier key, the browser opens them in a new tab or window.
  const follow = (event: MouseEvent) => {
    const target = event.target instanceof Element ? event.target.closest("a") : null;
    if (!target || target.origin !== location.origin || target.pathname !== location.pathname) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    store.go(parseAddress(target), target.href !== location.href);
  };
  return markup`
    <div id="page" data-view=${address.view} data-points=${view.points} data-rows=${view.progress.length}
      data-last-id=${view.lastId} onClick=${follow}>
      ${h(Header, { store })}
      ${h(Notice, { store })}
      ${banner && h(BannerView, banner)}
      <main>${h(Explained.Provider, { value: store.explainer.value }, h(VIEWS[address.view], { store }))}</main>
    </div>`;
}

/** A message about the page itself. It is always there: a screen reader announces only changes of what it knows. */
function Notice({ store: { notice } }: { readonly store: Store }): ComponentChildren {
  const dismiss = markup`<button type="button" class="plain" onClick=${() => notice.value = ""}>Dismiss</button>`;
  return markup`<div class="card notice"><p id="notice-text" role="status">${notice.value}</p>
    ${notice.value !== "" && dismiss}</div>`;
}

/** Says what is missing of the whole page, and what to do. */
export function BannerView({ isBad, text, remedy, command }: Banner): ComponentChildren {
  return markup`<div id="banner" class="card banner ${isBad && "bad"}" role="status">
    <p><strong>${text}</strong>${remedy && ` ${remedy}`}</p>
    ${command !== undefined && h(Command, { text: command })}</div>`;
}
