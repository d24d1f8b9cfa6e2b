/** Encodes the whole state of a run as bytes, for a machine that joins. The state's digest verifies it. */
import { z } from "zod";
import { placeSchema, writePlace } from "../../lockstep/memory/history_schema.ts";
import { type Committed, type State, stateDigest } from "../../lockstep/memory/state.ts";
import { concatenate, Damaged, Malformed, open, seal } from "./envelope.ts";

const header = z.object({ newest: placeSchema, best: placeSchema.optional() });

export function sealState(state: State): Uint8Array {
  const { best } = state;
  const values = [state.values, ...(best ? [best.values] : [])]
    .map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  return seal({ newest: writePlace(state), ...(best ? { best: writePlace(best) } : {}) }, concatenate(values));
}

/** Decodes the state in `bytes`. Throws Damaged if its digest is not `digest`, Malformed if they do not encode a state. */
export function openState(bytes: Uint8Array, digest: string): State {
  const { header: opened, body } = open(bytes);
  const { success, data } = header.safeParse(opened);
  if (!success || body.length % 4 !== 0) throw new Malformed("A state has an invalid format");
  const { newest, best } = data;
  const values = new Float32Array(new Uint8Array(body).buffer);
  const length = best ? values.length / 2 : values.length;
  const state: Committed = { ...newest, values: values.slice(0, length) };
  const restored = best ? { ...state, best: { ...best, values: values.slice(length) } } : state;
  if (stateDigest(restored) !== digest) throw new Damaged("A state does not match its digest");
  return restored;
}
