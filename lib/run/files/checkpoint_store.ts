/** Writes the checkpoints of a run one at a time, keeps the newest and the best, and finds the newest whole one. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../../base/errors.ts";
import type { Committed, State } from "../../lockstep/memory/state.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import {
  checkpointFile,
  checkpointFiles,
  type CheckpointInfo,
  checkpointNames,
  FOLDER,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint.ts";

/** Matches a checkpoint that is being written. */
const UNFINISHED = /^round-\d{8,}\.safetensors\.[\da-f]{8}\.tmp$/;

export class CheckpointStore {
  readonly #directory: string;
  readonly #layout: ParameterLayout;
  readonly #keep: number;
  /** The round of the best state that each file refers to; 0: none. */
  readonly #bestRounds = new Map<string, number>();
  #writing: Promise<unknown> = Promise.resolve();

  /** Keeps the newest `keep` checkpoints of the run in `directory`, and the best states that they refer to. */
  constructor(directory: string, layout: ParameterLayout, keep: number) {
    this.#directory = directory;
    this.#layout = layout;
    this.#keep = keep;
  }

  /** Writes `state` and its best state after earlier writes end, and removes old checkpoints. */
  write(state: State): Promise<CheckpointInfo> {
    const written = this.#writing.then(async () => {
      await this.#removeUnfinished();
      // The best state comes first, as the checkpoint of `state` refers to it.
      if (state.history.best && state.best) await this.#writeBest(state.best);
      const info = await writeCheckpoint(this.#directory, this.#layout, state);
      this.#bestRounds.set(info.file, state.history.best?.round ?? 0);
      await this.#removeOld();
      return info;
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Reads the newest whole state. `problems` describes damaged newer ones. */
  async newest(): Promise<{ readonly state: State | undefined; readonly problems: readonly string[] }> {
    const problems: string[] = [];
    for (const file of await checkpointFiles(this.#directory)) {
      try {
        const state = await this.#read(file);
        const best = state.history.best && await this.#read(checkpointFile(state.history.best.round));
        return { state: best ? { ...state, best: asBest(best) } : state, problems };
      } catch (error) {
        problems.push(errorMessage(error));
      }
    }
    return { state: undefined, problems };
  }

  /** Writes the best state, unless its file has it already. A best state refers to no other one. */
  async #writeBest(best: Committed): Promise<void> {
    const file = checkpointFile(best.round);
    if (this.#bestRounds.get(file) === 0) return;
    await writeCheckpoint(this.#directory, this.#layout, best);
    this.#bestRounds.set(file, 0);
  }

  /** Removes unfinished files, which a killed process or a disk that became read-only leaves behind. */
  async #removeUnfinished(): Promise<void> {
    const unfinished = (await checkpointNames(this.#directory)).filter((name) => UNFINISHED.test(name));
    for (const name of unfinished) await rm(join(this.#directory, FOLDER, name), { force: true });
  }

  async #removeOld(): Promise<void> {
    const files = await checkpointFiles(this.#directory);
    const kept = new Set<string>();
    // Best states do not count.
    let newest = 0;
    for (const file of files) {
      if (newest === this.#keep) break;
      if (!kept.has(file)) newest++;
      kept.add(file);
      const best = await this.#bestOf(file);
      if (best > 0) kept.add(checkpointFile(best));
    }
    for (const file of files) {
      if (kept.has(file)) continue;
      await rm(join(this.#directory, file), { recursive: true, force: true });
      this.#bestRounds.delete(file);
    }
  }

  /** Returns the round of the best state that `file` refers to. An earlier process may have written the file. */
  async #bestOf(file: string): Promise<number> {
    const known = this.#bestRounds.get(file);
    if (known !== undefined) return known;
    const round = await this.#read(file).then(({ history }) => history.best?.round ?? 0, () => 0);
    this.#bestRounds.set(file, round);
    return round;
  }

  #read(file: string): Promise<Committed> {
    return readCheckpoint(this.#directory, file, this.#layout);
  }
}

/** Removes the reference to another best state: a resumed run evaluates this one again and finds it the best so far. */
function asBest({ history, ...state }: Committed): Committed {
  return { ...state, history: { ...history, best: undefined, sinceBest: 0 } };
}

/** Returns a function that says whether a checkpoint is due: `every` is a number of rounds (`100`) or seconds (`"10s"`). */
export function createCheckpointTimer(
  every: number | string,
  startRound: number,
  now: () => number,
): (round: number) => boolean {
  let [lastRound, lastMs] = [startRound, now()];
  const isDue = (round: number) =>
    typeof every === "number" ? round - lastRound >= every : now() - lastMs >= Number.parseFloat(every) * 1000;
  return (round) => {
    if (round === lastRound || !isDue(round)) return false;
    [lastRound, lastMs] = [round, now()];
    return true;
  };
}
