/** A run's checkpoints: written one at a time, the newest and the best kept, and the newest whole one found again. */
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

/** One that is being written. */
const UNFINISHED = /^round-\d{8,}\.safetensors\.[\da-f]{8}\.tmp$/;

export class CheckpointStore {
  readonly #directory: string;
  readonly #layout: ParameterLayout;
  readonly #keep: number;
  /** The round of the best state that each file needs; 0: none. */
  readonly #needs = new Map<string, number>();
  #writing: Promise<unknown> = Promise.resolve();

  /** Of the run in `directory`; `keep` is how many of the newest stay, beside the best states that they name. */
  constructor(directory: string, layout: ParameterLayout, keep: number) {
    this.#directory = directory;
    this.#layout = layout;
    this.#keep = keep;
  }

  /** Writes `state` and the best one, after what is being written, and removes what nobody will need. */
  write(state: State): Promise<CheckpointInfo> {
    const written = this.#writing.then(async () => {
      await this.#removeUnfinished();
      // First, as the other names it.
      if (state.history.best && state.best) await this.#writeBest(state.best);
      const info = await writeCheckpoint(this.#directory, this.#layout, state);
      this.#needs.set(info.file, state.history.best?.round ?? 0);
      await this.#removeOld();
      return info;
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  /** The newest state that can be read, and what is wrong with those that are newer. */
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

  /** Once: it needs no other, also where its round's own checkpoint did. */
  async #writeBest(best: Committed): Promise<void> {
    const file = checkpointFile(best.round);
    if (this.#needs.get(file) === 0) return;
    await writeCheckpoint(this.#directory, this.#layout, best);
    this.#needs.set(file, 0);
  }

  /** What a process that was killed, or a disk that became read-only, left unfinished is of no use, and takes room. */
  async #removeUnfinished(): Promise<void> {
    const unfinished = (await checkpointNames(this.#directory)).filter((name) => UNFINISHED.test(name));
    for (const name of unfinished) await rm(join(this.#directory, FOLDER, name), { force: true });
  }

  async #removeOld(): Promise<void> {
    const files = await checkpointFiles(this.#directory);
    const kept = new Set<string>();
    // The best states beside them do not count.
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
      this.#needs.delete(file);
    }
  }

  /** The round of the best state that `file` needs, also if an earlier process wrote it. */
  async #bestOf(file: string): Promise<number> {
    const known = this.#needs.get(file);
    if (known !== undefined) return known;
    const round = await this.#read(file).then(({ history }) => history.best?.round ?? 0, () => 0);
    this.#needs.set(file, round);
    return round;
  }

  #read(file: string): Promise<Committed> {
    return readCheckpoint(this.#directory, file, this.#layout);
  }
}

/** By itself: whoever takes it up evaluates it again, and finds it the best so far. */
function asBest({ history, ...state }: Committed): Committed {
  return { ...state, history: { ...history, best: undefined, sinceBest: 0 } };
}

/** Whether a checkpoint is due: after so many rounds, or so many seconds, as `every` says (`100`, `"10s"`). */
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
