/// <reference lib="dom" />
/** The view in which people label the texts that the model was least sure of, or texts of their own. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import { actionOf, type KeyAction } from "../state/labelling.ts";
import type { Store } from "../store.ts";
import { Card, Command } from "../ui/card.ts";
import { RowFields } from "../ui/row_fields.ts";
import { Choices, type ChoicesProps, confirmed, decide, FIND } from "./choices.ts";
import { ExamplesCard } from "./examples_card.ts";
import { LabelCurve } from "./label_curve.ts";
import type { LabelStore } from "./label_store.ts";
import { RowView } from "./row_view.ts";

export function Label({ store }: { readonly store: Store }): ComponentChildren {
  const { value: model, error = "Loading" } = store.model.value;
  const card = { id: "label", title: "Label" };
  if (!model) return markup`<div class="view">${h(Card, { ...card, empty: error })}</div>`;
  const hint = "This server takes no labels. To label for its model, serve it so:";
  const command = `deno task serve ${model.run} --collect --keep-uncertain 1000`;
  const closed = markup`<p class="hint">${hint}</p>${h(Command, { text: command })}`;
  return markup`<div class="view labels">
    ${model.collects ? h(Labelling, { store, labels: store.labelStore(model), model }) : h(Card, card, closed)}
    ${!store.mayOnlyLabel && h(LabelCurve, { store })}</div>`;
}

/** Seconds between two looks at the rows that wait. */
const REFRESH = 5;

interface LabellingProps {
  readonly store: Store;
  readonly labels: LabelStore;
  readonly model: NonNullable<Store["model"]["value"]["value"]>;
}

function Labelling({ store, labels, model }: LabellingProps): ComponentChildren {
  const room = useRef<HTMLDivElement>(null);
  const item = labels.item.value;
  const turn = Math.floor(store.tick.value / REFRESH);
  useEffect(() => void (labels.model.value = model), [labels, model]);
  useEffect(() => void labels.load(), [labels, turn]);
  // The text of the row has the focus, so that keys belong to it, and a screen reader reads it.
  useEffect(() => {
    const active = document.activeElement;
    const isInside = room.current!.contains(active);
    const next = room.current!.querySelector<HTMLElement>(item ? "#row" : "textarea, input");
    const isFree = item && (active === document.body || active?.id === "to-label");
    if (isInside || isFree) next?.focus({ preventScroll: true });
  }, [item]);
  const act = (action: KeyAction) => {
    if (action === "undo") return labels.undo();
    if (action === "skip") return labels.skip();
    if (action === "find") return room.current!.querySelector<HTMLElement>(`#${FIND}`)?.focus();
    return action === "confirm" ? labels.label(confirmed(labels)) : decide(labels, action.choose);
  };
  const press = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const { target } = event;
    // Fields have keys of their own, and Enter presses the button that has the focus.
    if (event.isComposing || target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
    const action = actionOf(event);
    if (!action || action === "confirm" && target instanceof HTMLButtonElement) return;
    // The field gets the letter itself.
    if (action !== "find" || event.key === "/") event.preventDefault();
    // A key that is held down would label row after row.
    if (!event.repeat) void act(action);
  };
  return markup`<div ref=${room} class="labelling" tabindex="-1" onKeyDown=${press}>
    ${item ? h(Waiting, { labels, item }) : h(Own, { labels })}</div>
    ${h(ExamplesCard, { labels, run: model.run, mayTrain: !store.mayOnlyLabel })}`;
}

/** The row that waits for its label. */
function Waiting({ labels, item }: ChoicesProps): ComponentChildren {
  const { columns } = labels.model.value;
  const what = columns ? "row" : "text";
  const waiting = markup`Label <span id="waiting" class="at">${
    item.texts ? `a ${what} of your own` : `${counted(labels.left.value, `uncertain ${what}`)} left`
  }</span>`;
  const own = !item.texts &&
    markup`<button type="button" class="plain" onClick=${() => labels.write()}>Type a ${what}</button>`;
  const content = markup`${h(RowView, { key: item.key, row: item.row, columns })}
    ${h(Choices, { labels, item })}${h(Said, { labels })}`;
  return h(Card, { id: "label", title: waiting, head: own }, content);
}

/** The fields for a row that the user types. */
function Own({ labels }: { readonly labels: LabelStore }): ComponentChildren {
  const { collects, columns } = labels.model.value;
  const [what, left, passed] = [columns ? "row" : "text", labels.queue.value.length, labels.skipped.value.length];
  if (!labels.isLoaded.value) return h(Card, { id: "label", title: "Label", empty: "Loading" });
  const none = collects?.uncertain
    ? `No ${what} waits. Those that the model is unsure of come here when clients ask it.`
    : "This server does not remember what its model was unsure of: start it with --keep-uncertain 1000.";
  const take = (event: Event) => {
    event.preventDefault();
    void labels.take();
  };
  const button = (text: string, click: () => void) => markup`<button type="button" onClick=${click}>${text}</button>`;
  const next = left > 0 && button(`Back to uncertain ${what}s`, () => labels.next());
  const again = left === 0 && passed > 0 &&
    button(`Back to ${counted(passed, "skipped " + what)}`, () => labels.again());
  const content = markup`${left === 0 && markup`<p class="hint">${none}</p>`}
    <form id="own-form" onSubmit=${take}>
      ${h(RowFields, { id: "own", model: labels.model.value, texts: labels.texts })}
      <p class="buttons"><button type="submit" class="primary">Choose its label</button>${next}${again}</p>
    </form>${h(Said, { labels })}`;
  return h(Card, { id: "label", title: `Label a ${what} of your own` }, content);
}

/** Says what was done, and what was not. */
function Said({ labels }: { readonly labels: LabelStore }): ComponentChildren {
  return markup`<p id="label-problem" class="error" role="alert">${labels.problem.value}</p>
    <p id="label-said" class="hint" role="status">${labels.said.value}</p>`;
}
