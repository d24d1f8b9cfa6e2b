/** What of a run must be the same however it was disturbed. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../lib/cluster/envelope.ts";
import { eventsOf } from "../cli/killing.ts";
import { summarySchema } from "../../lib/events.ts";
import { latestOf } from "../cli/process.ts";
import type { Ended } from "./process.ts";

export interface Outcome {
  /** Exit code 0, or a training that failed for a reason of its own. */
  readonly code: number;
  readonly story: string;
}

/** The outcome of the newest run in `runs`: its summary, its model and the epochs of its log, without times and sizes. */
export async function outcomeOf(runs: string, { code, output }: Ended): Promise<Outcome> {
  if (code !== 0) return { code, story: failureIn(output) };
  const directory = await latestOf(runs);
  const summary = summarySchema.parse(JSON.parse(await readFile(join(directory, "summary.json"), "utf8")));
  const { digest, heldOut, best, reason, epochs, rounds, steps, validation, test, lstm, judgementDigest } = summary;
  const model: Record<string, string> = {};
  for (const name of (await readdir(join(directory, "model"))).sort()) {
    if (/^(weights\.bin|ngrams\.safetensors|preprocessing\.json)$/.test(name)) {
      model[name] = sha256(await readFile(join(directory, "model", name)));
    }
  }
  const log = (await eventsOf(directory)).flatMap((event) => {
    if (event.type === "epoch") return [[event.epoch, event.round, event.digest]];
    return event.type === "rolledBack" ? [[event.restored, event.round, event.learningRate]] : [];
  });
  const figures = { digest, heldOut, best, reason, epochs, rounds, steps, validation, test, lstm, judgementDigest };
  return { code, story: JSON.stringify({ ...figures, model, log }) };
}

/** Why training failed, without what depends on who was faster. */
function failureIn(output: string): string {
  const line = output.split("\n").find((line) => /not finite|rolled back|Failed|error:/i.test(line)) ??
    output.slice(-500);
  return line.replace(/shard \d+/g, "a shard").replace(/after .*$/, "");
}
