/** A run's whole state as bytes, for a machine that joins: what it is checked by is its digest. */
import { z } from "zod";
import { historyOf, historySchema } from "../../lockstep/memory/history_schema.ts";
import { type Committed, type State, stateDigest } from "../../lockstep/memory/state.ts";
import { Damaged, Malformed, open, seal } from "./envelope.ts";

/** The history is called `course` here and in checkpoints, as states of earlier versions are read too. */
const place = z.object({ round: z.int(), step: z.int(), course: historySchema });
const header = z.object({ newest: place, best: place.optional() });

export function sealState(state: State): Uint8Array {
  const placeOf = ({ round, step, history }: Committed) => ({ round, step, course: history });
  const values = [state.values, ...(state.best ? [state.best.values] : [])];
  const body = new Uint8Array(values.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of values) {
    body.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return seal({ newest: placeOf(state), ...(state.best ? { best: placeOf(state.best) } : {}) }, body);
}

/** The state in `bytes`. Throws Damaged if its digest is not `digest`, Malformed if it is no state. */
export function openState(bytes: Uint8Array, digest: string): State {
  const { header: opened, body } = open(bytes);
  const { success, data } = header.safeParse(opened);
  if (!success || body.length % 4 !== 0) throw new Malformed("A state is not written as one");
  const { newest, best } = data;
  const values = new Float32Array(new Uint8Array(body).buffer);
  const length = best ? values.length / 2 : values.length;
  const state = ({ round, step, course }: typeof newest, from: number): Committed => ({
    round,
    step,
    history: historyOf(course),
    values: values.slice(from, from + length),
  });
  const restored = { ...state(newest, 0), ...(best ? { best: state(best, length) } : {}) };
  if (stateDigest(restored) !== digest) throw new Damaged("A state is not what its digest says");
  return restored;
}
