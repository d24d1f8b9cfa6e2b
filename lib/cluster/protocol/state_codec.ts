/** Encodes the whole state of a run as bytes, for a machine that joins. The state's digest is the check. */
import { z } from "zod";
import { placeSchema, writePlace } from "../../lockstep/memory/history_schema.ts";
import { type Committed, type State, stateDigest } from "../../lockstep/memory/state.ts";
import { Damaged, Malformed, open, seal } from "./envelope.ts";

const header = z.object({ newest: placeSchema, best: placeSchema.optional() });

export function sealState(state: State): Uint8Array {
  const values = [state.values, ...(state.best ? [state.best.values] : [])];
  const body = new Uint8Array(values.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of values) {
    body.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return seal({ newest: writePlace(state), ...(state.best ? { best: writePlace(state.best) } : {}) }, body);
}

/** Decodes the state in `bytes`. Throws Damaged if its digest is not `digest`, Malformed if it is no state. */
export function openState(bytes: Uint8Array, digest: string): State {
  const { header: opened, body } = open(bytes);
  const { success, data } = header.safeParse(opened);
  if (!success || body.length % 4 !== 0) throw new Malformed("A state is not written as one");
  const { newest, best } = data;
  const values = new Float32Array(new Uint8Array(body).buffer);
  const length = best ? values.length / 2 : values.length;
  const state: Committed = { ...newest, values: values.slice(0, length) };
  const restored = best ? { ...state, best: { ...best, values: values.slice(length) } } : state;
  if (stateDigest(restored) !== digest) throw new Damaged("A state is not what its digest says");
  return restored;
}
