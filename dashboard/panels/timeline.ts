/// <reference lib="dom" />
/** Shows starts, checkpoints, incidents and the end of a run, as marks on a strip and as a list, newest first. */
import { byId, create, setText } from "../page/dom.ts";
import { count, duration, moment } from "../state/format.ts";
import { isIncident, type Note, type RunView } from "../state/state.ts";

export class Timeline {
  readonly #card = byId("timeline", HTMLElement);
  readonly #list = byId("notes", HTMLOListElement);
  readonly #strip = byId("strip", HTMLElement);
  readonly #incidents = byId("incidents-only", HTMLInputElement);
  readonly #label = byId("incidents-label", HTMLElement);
  #drawn = "";
  #notes: readonly Note[] | undefined;
  /** Length of the strip in seconds. */
  #span = 0;

  constructor(changed: () => void) {
    this.#incidents.addEventListener("change", changed);
  }

  draw({ notes, seconds }: RunView): void {
    const state = `${notes[0]?.id ?? 0} ${this.#incidents.checked}`;
    if (notes !== this.#notes || state !== this.#drawn) this.#write(notes);
    // Marks move as training time grows: they are drawn again only if the change is visible.
    if (notes !== this.#notes || seconds > 1.02 * this.#span) this.#mark(notes, seconds);
    this.#notes = notes;
    this.#drawn = state;
  }

  #write(notes: readonly Note[]): void {
    const incidents = notes.filter(isIncident);
    const shown = this.#incidents.checked ? incidents : notes;
    this.#card.dataset["empty"] = notes.length === 0 ? "Nothing yet" : "";
    setText(this.#label, `incidents only (${count(incidents.length)})`);
    this.#list.replaceChildren(
      ...shown.map((note) => {
        const when = create("time", "when", duration(note.seconds));
        when.dateTime = note.at;
        when.title = moment(note.at);
        return create("li", isIncident(note) ? `${note.kind} bad` : note.kind, when, create("span", "what", note.text));
      }),
    );
    if (shown.length === 0 && notes.length > 0) this.#list.append(create("li", "hint", "No incidents"));
  }

  #mark(notes: readonly Note[], seconds: number): void {
    this.#span = seconds;
    this.#strip.replaceChildren(...notes.map((note) => {
      const mark = create("span", isIncident(note) ? "bad" : note.kind);
      mark.style.left = `${seconds > 0 ? 100 * Math.min(1, note.seconds / seconds) : 0}%`;
      mark.title = `${duration(note.seconds)} ${note.text}`;
      return mark;
    }));
  }
}
