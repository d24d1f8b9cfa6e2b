/** Decides which message about the whole page is shown: one for each state in which something is missing. No DOM. */
import { count } from "../../lib/report/format.ts";
import { isStopped, type RunView, setting } from "../../lib/report/run_view.ts";
import type { Link } from "../connection.ts";

export interface Banner {
  readonly isBad: boolean;
  readonly text: string;
  /** Says how to continue; a command may follow. */
  readonly remedy?: string;
  /** A command to copy. */
  readonly command?: string;
}

const good = (text: string): Banner => ({ isBad: false, text });
const bad = (text: string, remedy: string, command?: string): Banner => ({
  ...{ isBad: true, text, remedy },
  ...command !== undefined && { command },
});

/** Returns the message about `view`; `chosen` is the run that the address names, and `words` are the server's. */
export function bannerOf(view: RunView, link: Link, chosen: string | undefined, words = ""): Banner | undefined {
  const { run, phase, place, notes, step, summary } = view;
  const resume = `deno task resume ${run}`;
  if (link === "gone") {
    const text = "The server does not answer. The page shows its last metrics and returns when the server does.";
    if (!isUnsure(view, link)) return bad(text, "Start it again with", `deno task serve ${run}`);
    if (run === "") return bad(text, "Start it again.");
    const epochs = setting(view, "epochs");
    const place = `epoch ${count(view.epoch)}${epochs === undefined ? "" : ` of ${count(epochs)}`}`;
    return bad(text, `Run ${run} was last seen in ${place}. If it was stopped, continue with`, resume);
  }
  if (link === "elsewhere") {
    return good("Another process trains this run. The page asks for its newest metrics every five seconds.");
  }
  if (link === "preparing") {
    // The server says how many rows it has read, and to retry.
    const progress = words.split(":")[0] ?? "";
    const text = "The server reads the data. Training begins, and the page shows it, when it is done.";
    return { ...good(text), ...progress !== "" && { remedy: `${progress[0]!.toUpperCase()}${progress.slice(1)}.` } };
  }
  if (link === "empty" && phase === "waiting") {
    if (chosen !== undefined) return bad(`There is no run “${chosen}”.`, "The view Runs lists all.");
    return good("No run has started yet. The page shows the first one by itself.");
  }
  switch (phase) {
    case "failed": {
      const reason = (notes.find(({ kind }) => kind === "failed")?.text ?? "Failed").replace(/\.?$/, ".");
      if (step > 0) return bad(reason, "Remove the cause, then continue with", resume);
      return bad(reason, "Correct the values or the data, then start a new run.");
    }
    case "interrupted":
      return bad("Interrupted: no process trains this run.", "Continue with", resume);
    case "queued":
      return good(`Waiting for its turn: place ${count(place)} in the queue.`);
    case "finished":
      if (!isStopped(summary)) return undefined;
      return { isBad: false, text: `Stopped: ${summary?.reason}.`, remedy: "Continue with", command: resume };
    default:
      return undefined;
  }
}

/** Without a connection, the state of a run that has not ended is unknown. */
function isUnsure({ phase }: RunView, link: Link): boolean {
  return link === "reconnecting" || link === "gone" && !["finished", "failed", "interrupted"].includes(phase);
}

/** Returns one word for run and connection. */
export function stateOf(view: RunView, link: Link): string {
  const { phase, summary } = view;
  if (isUnsure(view, link)) return "reconnecting";
  if (phase === "finished" && isStopped(summary)) return "stopped";
  if (phase !== "waiting") return phase;
  // A run without events waits for its first one.
  const words: Partial<Record<Link, string>> = { preparing: "preparing", empty: "no run", connecting: "connecting" };
  return words[link] ?? "waiting";
}
