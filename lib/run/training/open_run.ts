/** Opens a run for training: a new one in a new directory, or an earlier one at its newest checkpoint. */
import { join } from "node:path";
import type { Notes } from "../../config/notes_shape.ts";
import { unlessAborted } from "../../base/waiting.ts";
import { engineName } from "../../engine/create_engine.ts";
import { errorCode, InputError } from "../../base/errors.ts";
import { checkpointRounds } from "../files/checkpoint.ts";
import { CheckpointStore } from "../files/checkpoint_store.ts";
import { createRunDirectory, nameLatest } from "../files/directory.ts";
import { type LogRecap, readRecap } from "../log/log_recap.ts";
import { EventLog } from "../log/event_log.ts";
import { jsonBytes, writeJson, writeWhole } from "../files/files.ts";
import { editNotes, filled } from "../files/notes_file.ts";
import { checkData, createManifest, type Manifest, readManifest } from "../files/manifest.ts";
import { sha256 } from "../../base/sha256.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { startingWeights } from "./given_weights.ts";
import { rewriteManifest, withEpochs } from "../files/more_epochs.ts";
import { holdParent } from "./parent.ts";
import { type Prepared, prepareRun, trainingFor, type TrainingRunOptions } from "./prepare.ts";
import { unreadableRun } from "./background_checkpoints.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import { writeKeys } from "../evaluation/seen_rows.ts";
import { writeVectors } from "../files/vectors_file.ts";

/** A run that is ready to train. */
export interface OpenRun {
  readonly id: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly log: EventLog;
  readonly prepared: Prepared;
  readonly options: TrainingRunOptions;
  /** Describes the run's earlier processes, if there are any. */
  readonly recap: LogRecap | undefined;
  /** The lock of the run that this one continues from. */
  readonly held: FileLock | undefined;
  /** Describes the damaged checkpoints that are newer than the one that is used. */
  readonly problems: readonly string[];
}

/** Makes a new run and its directory. Throws an InputError if it cannot. */
export async function newRun(options: TrainingRunOptions): Promise<OpenRun> {
  const { config, data, source } = options;
  const training = trainingFor(options);
  const given = await startingWeights(training, source?.parent);
  const prepared = await unlessAborted(options.signal, prepareRun(options, training, { given }));
  const { workers, native } = prepared.lockstep;
  const statistics = source && jsonBytes(source.statistics);
  const now = new Date();
  const startedAt = now.toISOString();
  // The directory is made last: steps before it take time and may fail.
  const known = {
    ...source && { rules: source.preprocessing.rules },
    ...given &&
      (source?.parent
        ? { from: { run: source.parent.manifest.id, digest: given.digest } }
        : { weightsDigest: given.digest }),
    ...statistics && { statisticsDigest: await sha256(statistics) },
  };
  const manifest = await unlessAborted(
    options.signal,
    createManifest({ startedAt, config: training, workers, engine: engineName(training, native) }, data, known),
  );
  const id = await createRunDirectory(config.runsDir, now, options.id);
  const directory = join(config.runsDir, id);
  if (statistics) await writeWhole(join(directory, "data.json"), statistics);
  if (source?.keys) await writeKeys(directory, source.keys);
  if (source?.vectors) await writeVectors(directory, source.vectors, source.preprocessing.vocabulary);
  await saveNotes(directory, config);
  await writeJson(join(directory, "run.json"), { id, ...manifest } satisfies Manifest);
  if (!options.isCandidate) await nameLatest(config.runsDir, id);
  const log = await EventLog.create(join(directory, "events.jsonl"));
  const held = await holdParent(source?.parent);
  return { id, directory, startedAt, log, prepared, options, recap: undefined, held, problems: [] };
}

/**
 * Opens the run in `directory`, which trains to `epochs` in all. Throws an InputError if it or its data changed, or if it
 * cannot be read.
 */
export async function earlierRun(directory: string, options: TrainingRunOptions, epochs?: number): Promise<OpenRun> {
  const earlier = await readManifest(directory);
  const manifest = await withEpochs(earlier, epochs);
  const { id, startedAt, config: training } = manifest;
  if (training.task === "table") checkData(manifest, options.data?.digest);
  const given = await startingWeights(
    training,
    options.source?.parent,
    manifest.from?.digest ?? manifest.weightsDigest,
  );
  const path = join(directory, "events.jsonl");
  const log = await openLog(directory, path).catch((error) => {
    throw error instanceof InputError ? error : unreadableRun(error, path);
  });
  try {
    const recap = await readRecap(path, id);
    let problems: readonly string[] = [];
    const restore = async (layout: ParameterLayout) => {
      const newest = await new CheckpointStore(directory, layout, options.config.keepCheckpoints).newest();
      problems = newest.problems;
      return newest.state;
    };
    const prepared = await prepareRun(options, training, { restore, given });
    await saveNotes(directory, options.config);
    if (manifest !== earlier) await rewriteManifest(directory, manifest);
    const held = await holdParent(options.source?.parent);
    return { id, directory, startedAt, log, prepared, options, recap, held, problems };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** Saves the name, note and tags that the options of the process have. */
async function saveNotes(directory: string, config: Notes): Promise<void> {
  const notes = filled(config);
  if (Object.keys(notes).length > 0) await editNotes(directory, notes);
}

/** Opens the log of a run that is resumed. A run that was killed before it had a log, and so did nothing, gets a new one. */
async function openLog(directory: string, path: string): Promise<EventLog> {
  try {
    return await EventLog.open(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT" || (await checkpointRounds(directory)).length > 0) throw error;
    return await EventLog.create(path);
  }
}
