/** Checks before training that a run fits into the NATS server. */
import { type InputError, inputError } from "../../base/errors.ts";
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import { groupsOf } from "../../lockstep/round_schedule.ts";
import { deal } from "./assign_shards.ts";
import { CHUNK_BYTES } from "../protocol/objects.ts";
import { nodeBytes, type RoundShape } from "../protocol/round_codec.ts";
import type { Limits } from "../protocol/transport.ts";

/** Maximum bytes of a message around a chunk: digest, header, subject, ids. */
export const ENVELOPE_BYTES = 4096;
/** The log holds the newest round and the previous one, besides those that are not trimmed yet. */
const ROUNDS_KEPT = 2;
/** The log is trimmed after so many bytes of rounds. */
export const TRIM_BYTES = 8 * 2 ** 20;

interface RoundBytes {
  /** All members' uploads together: one or more nodes each. */
  readonly up: number;
  /** The base, which all members read. */
  readonly base: number;
}

/** Returns the bytes of a round if each shard touches `rows` different rows. Members train whole `groups` of shards. */
export function roundBytes(
  shape: RoundShape,
  shards: number,
  members: number,
  rows = shape.rows,
  groups: readonly Span[] = groupsOf({ shards, groups: 1, clusterEvery: 1 }),
): RoundBytes {
  const all = Array.from({ length: shards }, (_, shard) => shard);
  const participants = Array.from({ length: members }, (_, i) => ({ member: String(i).padStart(4, "0"), workers: 1 }));
  const touched = (shards: number) => Math.min(shape.rows, rows * shards);
  const up = deal(all, participants, groups).flatMap((own) => ownedNodes(new Set(own.shards), shards))
    .reduce((sum, { first, last }) => sum + nodeBytes(shape, last - first, touched(last - first)), 0);
  return { up, base: nodeBytes(shape, shards, touched(shards)) };
}

/** Throws an InputError, with the arithmetic, if a round of `members` members does not fit. */
export function checkSizes(
  shape: RoundShape,
  shards: number,
  members: number,
  limits: Limits,
  groups?: readonly Span[],
): void {
  const message = CHUNK_BYTES + ENVELOPE_BYTES;
  if (limits.maxPayload < message) {
    throw refusal(`its max_payload is ${limits.maxPayload} bytes: expected at least ${message}`);
  }
  const { up, base } = roundBytes(shape, shards, members, shape.rows, groups);
  const needed = ROUNDS_KEPT * (up + base) + TRIM_BYTES;
  if (needed > limits.maxBytes) {
    throw refusal(
      `a round of ${members} members has ${up} bytes of sums and a result of ${base} bytes. It needs ` +
        `${ROUNDS_KEPT} · (${up} + ${base}) + ${TRIM_BYTES} = ${needed} bytes, and the server may hold ${limits.maxBytes}: ` +
        "expected a server with more room, a smaller model or fewer members",
    );
  }
}

function refusal(reason: string): InputError {
  return inputError("cluster", `The run does not fit into the NATS server: ${reason}`);
}
