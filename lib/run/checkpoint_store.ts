/** A run's checkpoints: written one at a time, the newest kept, and the newest whole one found again. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../errors.ts";
import type { State } from "../lockstep/state.ts";
import type { ParameterLayout } from "../model/layout.ts";
import { checkpointFile, type CheckpointInfo, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { errorCode } from "./files.ts";

const FOLDER = "checkpoints";
const NAME = /^round-\d{8,}\.safetensors$/;

export class CheckpointStore {
  readonly #directory: string;
  readonly #layout: ParameterLayout;
  readonly #keep: number;
  #writing: Promise<unknown> = Promise.resolve();

  /** Of the run in `directory`; `keep` is how many of the newest stay. */
  constructor(directory: string, layout: ParameterLayout, keep: number) {
    this.#directory = directory;
    this.#layout = layout;
    this.#keep = keep;
  }

  /** Writes `state`, after what is being written, and removes what is older than those to keep. */
  write(state: State): Promise<CheckpointInfo> {
    const written = this.#writing.then(async () => {
      const info = await writeCheckpoint(this.#directory, this.#layout, state);
      for (const file of (await checkpointFiles(this.#directory)).slice(this.#keep)) {
        await rm(join(this.#directory, file), { force: true });
      }
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
        return { state: await readCheckpoint(this.#directory, file, this.#layout), problems };
      } catch (error) {
        problems.push(errorMessage(error));
      }
    }
    return { state: undefined, problems };
  }
}

/** Rounds whose checkpoints the run in `directory` keeps, the newest first. */
export async function checkpointRounds(directory: string): Promise<number[]> {
  const files = await checkpointFiles(directory);
  return files.map((file) => Number(/\d+/.exec(file)![0]));
}

/** The checkpoint of `round` as it is on disk; nothing if it is not, or no longer, kept. */
export async function checkpointBytes(directory: string, round: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return Uint8Array.from(await readFile(join(directory, checkpointFile(round))));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Newest first, within the run's directory. */
async function checkpointFiles(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(join(directory, FOLDER))).filter((name) => NAME.test(name));
    const round = (name: string) => Number(/\d+/.exec(name)![0]);
    return names.sort((a, b) => round(b) - round(a)).map((name) => `${FOLDER}/${name}`);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
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
