/** A state on disk: `checkpoints/round-00000140.safetensors`, whose metadata say which state it is. */
import { join } from "node:path";
import { z } from "zod";
import { DamagedFile } from "../../base/errors.ts";
import { placeSchema, writePlace } from "../../lockstep/memory/history_schema.ts";
import { type Committed, stateDigest, stateDigestInTurns } from "../../lockstep/memory/state.ts";
import { type ParameterLayout, tensorView } from "../../model/layout.ts";
import type { NamedTensor } from "../../model/pytorch.ts";
import { readBytes, writeWhole } from "./files.ts";
import { sha256 } from "./manifest.ts";
import { decodeSafetensors, safetensorsPieces } from "./safetensors.ts";

export interface CheckpointInfo {
  /** Within the run's directory. */
  readonly file: string;
  readonly digest: string;
}

/** `weights`, then `m` and `v` of each moment set: what the parts of a state are called. */
function partNames(parts: number): string[] {
  return Array.from({ length: parts }, (_, part) => {
    if (part === 0) return "weights";
    const set = Math.floor((part - 1) / 2);
    return `${part % 2 === 1 ? "m" : "v"}${set === 0 ? "" : set}`;
  });
}

/** Where the state after `round` rounds is, within the run's directory. */
export function checkpointFile(round: number): string {
  return `checkpoints/round-${String(round).padStart(8, "0")}.safetensors`;
}

/** Of the metadata, as the digest is of step and values alone. */
function checksumOf(metadata: Readonly<Record<string, string>>): Promise<string> {
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(new TextEncoder().encode(JSON.stringify(entries)));
}

/** Writes `state` into the run's directory, whole or not at all. */
export async function writeCheckpoint(
  directory: string,
  layout: ParameterLayout,
  state: Committed,
): Promise<CheckpointInfo> {
  const digest = await stateDigestInTurns(state);
  const tensors = partNames(state.values.length / layout.size).flatMap((part, index): NamedTensor[] => {
    const values = state.values.subarray(index * layout.size, (index + 1) * layout.size);
    return layout.tensors.map((tensor) => ({
      name: `${part}/${tensor.name}`,
      shape: tensor.shape,
      values: tensorView(values, tensor),
    }));
  });
  const { round, step, course } = writePlace(state);
  const history = JSON.stringify({ ...course, best: course.best ?? null });
  const told = { round: String(round), step: String(step), course: history, digest };
  const metadata = { ...told, checksum: await checksumOf(told) };
  const file = checkpointFile(state.round);
  await writeWhole(join(directory, file), safetensorsPieces({ metadata, tensors }));
  return { file, digest };
}

/**
 * The state in `file` of a run's directory. Throws a RangeError that names the file if it is damaged, of another
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

/** The state that the bytes of a checkpoint are, and its digest. Throws a RangeError that says what is wrong with them. */
export async function decodeCheckpoint(
  bytes: Uint8Array,
  layout: ParameterLayout,
): Promise<{ readonly state: Committed; readonly digest: string }> {
  try {
    const { metadata, tensors } = decodeSafetensors(bytes);
    const parts = tensors.length / layout.tensors.length;
    const values = new Float32Array(parts * layout.size);
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor.values]));
    for (const [index, part] of partNames(parts).entries()) {
      for (const tensor of layout.tensors) {
        const source = byName.get(`${part}/${tensor.name}`);
        if (source?.length !== tensor.size) {
          throw new RangeError(`it has no ${part}/${tensor.name} of [${tensor.shape}]`);
        }
        values.set(source, index * layout.size + tensor.offset);
      }
    }
    const { round, step, course = "null" } = metadata;
    const place = placeSchema.parse({ round: Number(round), step: Number(step), course: JSON.parse(course) });
    const state: Committed = { ...place, values };
    const { checksum, ...told } = metadata;
    if (await checksumOf(told) !== checksum) throw new RangeError("its metadata do not have their checksum");
    const digest = stateDigest(state);
    if (digest !== metadata.digest) throw new RangeError("its content does not have its digest");
    return { state, digest };
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof z.ZodError)) throw cause;
    throw new RangeError("its metadata are not those of a checkpoint", { cause });
  }
}
