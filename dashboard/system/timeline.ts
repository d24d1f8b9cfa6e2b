/** Starts, checkpoints, incidents and the end of a run, as marks on a strip and as a list, newest first. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useMemo } from "preact/hooks";
import { count, duration, moment } from "../../lib/report/format.ts";
import { isIncident, type Note } from "../../lib/report/run_view.ts";
import { Card } from "../ui/card.ts";

interface TimelineProps {
  readonly notes: readonly Note[];
  readonly seconds: number;
}

export function Timeline({ notes, seconds }: TimelineProps): ComponentChildren {
  const isFiltered = useSignal(false);
  const incidents = notes.filter(isIncident);
  const only = isFiltered.value;
  const head = markup`<label class="switch"><input id="incidents-only" type="checkbox" checked=${only}
    onChange=${() => isFiltered.value = !only} /><span id="incidents-label">incidents only (${
    count(incidents.length)
  })</span></label>`;
  // A change replaces the array: hundreds of notes are not compared for each event.
  const list = useMemo(() => {
    const shown = only ? incidents : notes;
    return markup`<ol id="notes" class="notes" tabindex="0" aria-labelledby="timeline-title">${shown.map(Item)}${
      shown.length === 0 ? markup`<li class="hint">No incidents</li>` : null
    }</ol>`;
  }, [notes, only]);
  return h(
    Card,
    { id: "timeline", title: "Timeline", head, empty: notes.length === 0 ? "Nothing yet" : "" },
    markup`
    ${h(Strip, { notes, seconds })}
    ${list}`,
  );
}

/** Marks move as training time grows: they are drawn again only if the change is visible. */
function Strip({ notes, seconds }: TimelineProps): ComponentChildren {
  const span = Math.ceil(Math.log(Math.max(1, seconds)) / Math.log(1.02));
  return useMemo(() => {
    // The last note may come after the end of training.
    const end = Math.max(1, seconds, notes[0]?.seconds ?? 0);
    return markup`<div id="strip" class="strip" aria-hidden="true">${
      notes.map((note) =>
        markup`<span key=${note.id} class=${isIncident(note) ? "bad" : note.kind} title="${
          duration(note.seconds)
        } ${note.text}"
        style="left: ${100 * Math.min(1, note.seconds / end)}%"></span>`
      )
    }</div><p class="ends"><span>0:00</span><span>${duration(end)}</span></p>`;
  }, [notes, span]);
}

function Item(note: Note): ComponentChildren {
  return markup`<li key=${note.id} class=${isIncident(note) ? `${note.kind} bad` : note.kind}>
    <time class="when" datetime=${note.at} title=${moment(note.at)}>${duration(note.seconds)}</time>
    <span class="what">${note.text}</span></li>`;
}
