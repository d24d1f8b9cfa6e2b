/// <reference lib="dom" />
/** Shows the buttons that pause, resume and stop the run that this server trains. */
import { act, messageOf } from "../api.ts";
import { isConfirmed } from "../page/ask.ts";
import type { Link } from "../connection.ts";
import { byId, setText } from "../page/dom.ts";
import type { RunView } from "../state/state.ts";

export class Controls {
  readonly #bar = byId("controls", HTMLElement);
  readonly #pause = byId("pause", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #status = byId("refused", HTMLElement);
  #view: RunView | undefined;

  constructor() {
    this.#pause.addEventListener("click", () => void this.#ask(this.#view?.phase === "paused" ? "resume" : "pause"));
    this.#stop.addEventListener("click", () => void this.#ask("stop"));
  }

  draw(view: RunView, link: Link): void {
    this.#view = view;
    this.#bar.hidden = link !== "live" || (view.phase !== "running" && view.phase !== "paused");
    setText(this.#pause, view.phase === "paused" ? "Resume" : "Pause");
  }

  async #ask(action: "pause" | "resume" | "stop"): Promise<void> {
    const { run = "" } = this.#view ?? {};
    const question = `Stop run ${run} after this round? Its training ends, and its model is kept.`;
    if (action === "stop" && !await isConfirmed(question, "Stop the run")) return;
    try {
      await act(run, action);
      setText(this.#status, "");
    } catch (error) {
      setText(this.#status, messageOf(error));
    }
  }
}
