/** Trains a run again from its manifest, and compares the digests in its log with the new ones. */
import { join } from "node:path";
import { TrainingError } from "../../base/errors.ts";
import type { RunEvent } from "../../base/events.ts";
import { readRunEvents } from "../log/event_log.ts";
import { startingWeights } from "./given_weights.ts";
import { checkData, readManifest } from "../files/manifest.ts";
import { prepareRun, type TrainingRunOptions } from "./prepare.ts";

/** A state that the run recorded, computed again. */
interface Comparison {
  readonly round: number;
  readonly recorded: string;
  readonly computed: string;
}

/**
 * Trains the run in `directory` again up to its last round, and yields its recorded states in order: the ends of epochs
 * and the last one. Throws an InputError if the run's config or data changed.
 */
export async function* verifyRun(directory: string, options: TrainingRunOptions): AsyncGenerator<Comparison> {
  const manifest = await readManifest(directory);
  const { config: training } = manifest;
  if (training.task === "table") checkData(manifest, options.data?.digest);
  const given = await startingWeights(
    training,
    options.source?.parent,
    manifest.from?.digest ?? manifest.weightsDigest,
  );
  const recorded = new Map<number, string>();
  for await (const event of readRunEvents(join(directory, "events.jsonl"), manifest.id)) {
    const state = recordedState(event);
    if (state) recorded.set(...state);
  }
  const lastRound = Math.max(0, ...recorded.keys());
  if (lastRound === 0) return;
  const { coordinator } = await prepareRun(options, training, { given, lastRound });
  try {
    await coordinator.start();
    for await (const { epochs } of coordinator.updates()) {
      for (const { round, digest } of epochs) {
        const before = recorded.get(round);
        if (before !== undefined) yield { round, recorded: before, computed: digest };
        recorded.delete(round);
      }
    }
    const { round } = coordinator;
    if (round !== lastRound) {
      throw new TrainingError(`Training ended after round ${round}: the run recorded ${lastRound}`);
    }
  } finally {
    coordinator.close();
  }
}

/** Returns the round and the digest that `event` records, if any. */
function recordedState(event: RunEvent): [round: number, digest: string] | undefined {
  switch (event.type) {
    case "epoch":
    case "checkpoint":
      return [event.round, event.digest];
    case "finished":
      return [event.summary.best?.round ?? event.summary.rounds, event.summary.digest];
    default:
      return undefined;
  }
}
