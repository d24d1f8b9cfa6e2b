/** Decides which message about the whole page is shown: one for each state in which something is missing. No DOM. */
import type { Link } from "../connection.ts";
import { count } from "../../lib/report/format.ts";
import { isStopped, type RunView } from "../../lib/report/run_view.ts";

export interface Banner {
  readonly isBad: boolean;
  readonly text: string;
  /** Says how to continue; a command may follow. */
  readonly remedy?: string;
  /** A command to copy. */
  readonly command?: string;
}

/** Returns the message about `view`; `chosen` is the run that the address names. */
export function bannerOf(view: RunView, link: Link, chosen: string | undefined): Banner | undefined {
  const { run, phase, place, notes, step, summary } = view;
  const resume = `deno task resume ${run}`;
  if (link === "gone") {
    return {
      isBad: true,
      text: "The server does not answer. The page shows its last metrics and returns when the server does.",
      remedy: "Start it again with",
      command: `deno task serve ${run}`,
    };
  }
  if (link === "preparing") {
    return {
      isBad: false,
      text: "The server reads the data. Training begins, and the page shows it, when it is done.",
    };
  }
  if (link === "empty" && phase === "waiting" && chosen !== undefined) {
    return { isBad: true, text: `There is no run “${chosen}”.`, remedy: "The view Runs lists all." };
  }
  if (link === "empty" && phase === "waiting") {
    return { isBad: false, text: "No run has started yet. The page shows the first one by itself." };
  }
  switch (phase) {
    case "failed": {
      const reason = notes.find(({ kind }) => kind === "failed")?.text ?? "Failed";
      if (step === 0) {
        return { isBad: true, text: reason, remedy: "Correct the values or the data, then start a new run." };
      }
      return { isBad: true, text: reason, remedy: "Remove the cause, then continue with", command: resume };
    }
    case "interrupted":
      return {
        isBad: true,
        text: "Interrupted: no process trains this run.",
        remedy: "Continue with",
        command: resume,
      };
    case "queued":
      return { isBad: false, text: `Waiting for its turn: place ${count(place)} in the queue.` };
    case "finished":
      if (!isStopped(summary)) return undefined;
      return { isBad: false, text: `Stopped: ${summary?.reason}.`, remedy: "Continue with", command: resume };
    default:
      return undefined;
  }
}

/** Returns one word for run and connection: without a connection, the state of the run is unknown. */
export function stateOf({ phase, summary }: RunView, link: Link): string {
  if (link === "reconnecting") return "reconnecting";
  if (phase === "finished" && isStopped(summary)) return "stopped";
  if (phase !== "waiting") return phase;
  if (link === "preparing") return "preparing";
  if (link === "empty") return "no run";
  // A run without events waits for its first one.
  return link === "connecting" ? "connecting" : "waiting";
}
