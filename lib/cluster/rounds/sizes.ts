/** Whether a run fits into the server that its machines meet at, said before anything is trained. */
import { InputError } from "../../base/errors.ts";
import { ownedNodes, type Span } from "../../engine/tree_nodes.ts";
import { groupsOf } from "../../lockstep/round_schedule.ts";
import { deal } from "./assign_shards.ts";
import { CHUNK_BYTES } from "../protocol/objects.ts";
import { nodeBytes, type RoundShape } from "../protocol/round_codec.ts";
import type { Limits } from "../protocol/transport.ts";

/** What a chunk's message has around it, at most: digest, header, subject, ids. */
export const ENVELOPE_BYTES = 4096;
/** Rounds that the log holds at a time: the newest, the one before it, and what is not dropped yet. */
const ROUNDS_KEPT = 2;
/** Bytes of rounds that may lie in the log before it is cut. */
export const FORGET_BYTES = 8 * 2 ** 20;

export interface RoundBytes {
  /** Of all members' uploads together: one or more nodes each. */
  readonly up: number;
  /** Of the base that everyone reads. */
  readonly base: number;
}

/** Bytes of a round where every shard touches `rows` rows, and none the same. Members carry whole `groups` of shards. */
export function roundBytes(
  shape: RoundShape,
  shards: number,
  members: number,
  rows = shape.rows,
  groups: readonly Span[] = groupsOf({ shards, groups: 1, clusterEvery: 1 }),
): RoundBytes {
  const all = Array.from({ length: shards }, (_, shard) => shard);
  const players = Array.from({ length: members }, (_, i) => ({ member: String(i).padStart(4, "0"), workers: 1 }));
  const touched = (shards: number) => Math.min(shape.rows, rows * shards);
  const up = deal(all, players, groups).flatMap((hand) => ownedNodes(new Set(hand.shards), shards))
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
  const needed = ROUNDS_KEPT * (up + base) + FORGET_BYTES;
  if (needed > limits.maxBytes) {
    throw refusal(
      `${members} members send ${up} bytes of sums a round, and ${base} bytes come of them; ` +
        `${ROUNDS_KEPT} · (${up} + ${base}) + ${FORGET_BYTES} = ${needed} bytes, and it may hold ${limits.maxBytes}: ` +
        "expected a server with more room, a smaller model or fewer members",
    );
  }
}

function refusal(reason: string): InputError {
  return new InputError([{ field: "cluster", message: `The run does not fit into the NATS server: ${reason}` }]);
}
