/** Starts, checkpoints, incidents and the end of a run, newest first. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useMemo } from "preact/hooks";
import { count, duration, moment } from "../../lib/report/format.ts";
import { isIncident, type Note } from "../../lib/report/run_view.ts";
import { Card, Switch } from "../ui/card.ts";

export function Timeline({ notes }: { readonly notes: readonly Note[] }): ComponentChildren {
  const isFiltered = useSignal(false);
  const incidents = notes.filter(isIncident);
  const text = `incidents only (${count(incidents.length)})`;
  const head = h(Switch, {
    id: "incidents-only",
    text,
    isOn: isFiltered.value,
    set: (isOn) => isFiltered.value = isOn,
  });
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
