/** Writes and reads single checkpoints of a run: `checkpoints/round-00000140.safetensors`. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFile } from "../../base/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../lockstep/memory/checkpoint_codec.ts";
import type { Committed } from "../../lockstep/memory/state.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import { readBytes, unlessMissing, writeWhole } from "./files.ts";

/** The folder of checkpoints in a run's directory. */
export const FOLDER = "checkpoints";

const NAME = /^round-\d{8,}\.safetensors$/;

export interface CheckpointInfo {
  /** The path within the run's directory. */
  readonly file: string;
  readonly digest: string;
}

/** Returns the path of the state after `round` rounds, within the run's directory. */
export function checkpointFile(round: number): string {
  return `${FOLDER}/round-${String(round).padStart(8, "0")}.safetensors`;
}

/** Writes `state` into the run's directory, whole or not at all. */
export async function writeCheckpoint(
  directory: string,
  layout: ParameterLayout,
  state: Committed,
): Promise<CheckpointInfo> {
  const { digest, pieces } = await encodeCheckpoint(state, layout);
  const file = checkpointFile(state.round);
  await writeWhole(join(directory, file), pieces);
  return { file, digest };
}

/**
 * Reads the state in `file` of a run's directory. Throws a RangeError that names the file if it is damaged, of another
 * model, or not the state that its digest names.
 */
export async function readCheckpoint(directory: string, file: string, layout: ParameterLayout): Promise<Committed> {
  const path = join(directory, file);
  try {
    const { state } = await decodeCheckpoint(await readBytes(path), layout);
    if (checkpointFile(state.round) !== file) throw new RangeError(`it is of round ${state.round}`);
    return state;
  } catch (cause) {
    if (!(cause instanceof RangeError) || cause instanceof DamagedFile) throw cause;
    throw new RangeError(`Cannot read checkpoint "${path}": ${cause.message}`, { cause });
  }
}

/** Lists the checkpoints of a run, the newest first, as paths within its directory. */
export async function checkpointFiles(directory: string): Promise<string[]> {
  const names = (await checkpointNames(directory)).filter((name) => NAME.test(name));
  return names.sort((a, b) => roundOf(b) - roundOf(a)).map((name) => `${FOLDER}/${name}`);
}

/** Lists the names in the folder of checkpoints, unfinished files included. */
export async function checkpointNames(directory: string): Promise<string[]> {
  return await unlessMissing(() => readdir(join(directory, FOLDER))) ?? [];
}

/** Lists the rounds whose checkpoints the run in `directory` keeps, the newest first. */
export async function checkpointRounds(directory: string): Promise<number[]> {
  return (await checkpointFiles(directory)).map(roundOf);
}

/** Reads the bytes of the checkpoint of `round`, or undefined if the run has none. */
export function checkpointBytes(directory: string, round: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return unlessMissing(() => readBytes(join(directory, checkpointFile(round))));
}

function roundOf(name: string): number {
  return Number(/\d+/.exec(name)![0]);
}
