/** Opens the run of the best config that a search finds. */
import { join } from "node:path";
import type { Resolve } from "../../config/resolve.ts";
import { writeJson } from "../files/files.ts";
import { openTraining } from "../training/open_training.ts";
import type { TrainingRun } from "../training/training_run.ts";
import { Search, type SearchOptions } from "./search.ts";

/** Has the values of the best config, in the folder of the search. */
const TUNED_FILE = "tuned.json";

const MOST_TAGS = 20;

interface SearchUse {
  /** The id of the run; default: a new one. */
  readonly id?: string | undefined;
  readonly onOpen?: (search: Search) => void;
  /** Called when `file` has the best config. */
  readonly onDone?: (search: Search, file: string) => void;
}

/**
 * Searches, and writes the values of the best config beside the journal, also if the signal stops it. Then opens the run of
 * this config, with the tag of the search. Throws as `Search.open`, `Search.run` and `openTraining` do.
 */
export async function openTuned(options: SearchOptions, { id, onOpen, onDone }: SearchUse): Promise<TrainingRun> {
  const { resolve, rows, signal } = options;
  const search = await Search.open(options);
  const { journal } = search;
  try {
    onOpen?.(search);
    await search.run().catch((error) => {
      if (error !== signal.reason) throw error;
    });
    const file = join(journal.folder, TUNED_FILE);
    await writeJson(file, search.config);
    onDone?.(search, file);
  } finally {
    await journal.close();
  }
  signal.throwIfAborted();
  const { best } = search;
  const tagged: Resolve = (defaults) => {
    const config = resolve({ ...defaults, ...best });
    return { ...config, tags: [...new Set([...config.tags, journal.id])].slice(-MOST_TAGS) };
  };
  return await openTraining(tagged, { ...options, ...id !== undefined && { id }, ...rows && { input: rows() } });
}
