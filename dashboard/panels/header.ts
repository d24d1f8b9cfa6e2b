/// <reference lib="dom" />
/** Shows the line at the top: the run, its state, its training time and its digest. */
import type { Link } from "../connection.ts";
import { copyText } from "../page/copy.ts";
import { byId, setText } from "../page/dom.ts";
import { count, duration, percent, shortDigest } from "../state/format.ts";
import { isStopped, type RunView } from "../state/state.ts";

export class Header {
  readonly #run = byId("run", HTMLElement);
  readonly #state = byId("state", HTMLElement);
  readonly #elapsed = byId("elapsed", HTMLElement);
  readonly #copy = byId("digest", HTMLButtonElement);
  readonly #digestOf = byId("digest-of", HTMLElement);
  readonly #digest = byId("digest-text", HTMLElement);
  readonly #copied = byId("copied", HTMLElement);
  #shown: RunView | undefined;

  constructor() {
    this.#copy.addEventListener("click", () => void copyText(this.#shown?.digest ?? "", this.#copied));
  }

  /** Draws the line. `seconds` is the training time until now. */
  draw(view: RunView, link: Link, seconds: number): void {
    this.#shown = view;
    const state = stateOf(view, link);
    setText(this.#run, view.run || "no run yet");
    setText(this.#state, view.place === undefined ? state : `${state} · place ${count(view.place)}`);
    this.#state.dataset["state"] = state;
    setText(this.#elapsed, view.lastId === 0 ? "–" : duration(seconds));
    setText(this.#digestOf, view.digest ? `digest of round ${count(view.digestRound)}` : "digest");
    setText(this.#digest, shortDigest(view.digest));
    this.#copy.disabled = view.digest === "";
    this.#copy.title = view.digest && `Copy ${view.digest}`;
    const accuracy = view.validation ? `${percent(view.validation.accuracy)} · ` : "";
    const title = `${accuracy}${view.run || "Lockstep"} · ${state}`;
    if (document.title !== title) document.title = title;
  }
}

/** Returns one word for run and connection: without a connection, the state of the run is unknown. */
export function stateOf(view: RunView, link: Link): string {
  if (link === "reconnecting") return "reconnecting";
  if (view.phase === "finished" && isStopped(view.summary)) return "stopped";
  if (view.phase !== "waiting") return view.phase;
  if (link === "empty") return "no run";
  // A run without events waits for its first one.
  return link === "connecting" ? "connecting" : "waiting";
}
