/** Reads the results of a run that no fault may change. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../lib/cluster/protocol/envelope.ts";
import { eventsOf } from "../cli/faults/killing.ts";
import { summarySchema } from "../../lib/base/events.ts";
import { latestOf } from "../cli/process.ts";
import type { Ended } from "./process.ts";

export interface Outcome {
  /** The exit code: 0, or that of a training that failed by itself. */
  readonly code: number;
  /** Summary and model. */
  readonly story: string;
  /** The epochs and rollbacks of its log. */
  readonly log: readonly string[];
}

/** Reads the outcome of the newest run in `runs`: its summary, its model and the epochs of its log, without times. */
export async function outcomeOf(runs: string, { code, output }: Ended): Promise<Outcome> {
  if (code !== 0) return { code, story: failureIn(output), log: [] };
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
    if (event.type === "epoch") return [`epoch ${event.epoch}, round ${event.round}, ${event.digest}`];
    return event.type === "rolledBack" ? [`rolled back to ${event.restored} in round ${event.round}`] : [];
  });
  const metrics = { digest, heldOut, best, reason, epochs, rounds, steps, validation, test, lstm, judgementDigest };
  return { code, story: JSON.stringify({ ...metrics, model }), log };
}

/** Returns whether two outcomes are the same. A machine that joined late, which `mayLack`, has fewer epochs in its log. */
export function isSame(expected: Outcome, found: Outcome, mayLack: boolean): boolean {
  const logsAgree = mayLack
    ? found.log.every((entry) => expected.log.includes(entry))
    : found.log.join() === expected.log.join();
  return found.code === expected.code && found.story === expected.story && logsAgree;
}

/** Returns why training failed, without details that depend on timing. */
function failureIn(output: string): string {
  const line = output.split("\n").find((line) => /not finite|rolled back|Failed|error:/i.test(line)) ??
    output.slice(-500);
  return line.replace(/shard \d+/g, "a shard").replace(/after .*$/, "");
}
