/** The vocabulary of the protocol: what the leader says (`down`) and what members say (`up`). */
import { z } from "zod";

const round = z.int().nonnegative();
const member = z.string();

/** Bytes that a message commits: its own body if there are no chunks, else those of the chunks in order. */
const object = z.object({
  id: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  chunks: z.int().nonnegative(),
  /** Where in the log the first of the chunks is, and the last. */
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
});
export type ObjectReference = z.infer<typeof object>;

const span = z.object({ first: z.int().nonnegative(), last: z.int().positive() });

/** `term`: the revision at which the leader took the lease. Nobody heeds a lower term than the highest that was seen. */
const stamp = { run: z.string(), term: z.int() };

const down = z.discriminatedUnion("type", [
  /** A leader begins, with the state after `round` rounds. */
  z.object({ ...stamp, type: z.literal("lead"), leader: member, round }),
  /** Who carries which shards of the round; membership is fixed by the first deal of a round. */
  z.object({
    ...stamp,
    type: z.literal("deal"),
    round,
    hands: z.array(z.object({ member, shards: z.array(z.int().nonnegative()).readonly() })).readonly(),
  }),
  /** The round is committed: what the next one starts from. `compare`: every member shows its digest of that state. */
  z.object({ ...stamp, type: z.literal("base"), round, object, compare: z.boolean() }),
  /** A whole state, for members that cannot get there by bases. */
  z.object({ ...stamp, type: z.literal("state"), round, digest: z.string(), object }),
  /** An upload came after its round. */
  z.object({ ...stamp, type: z.literal("refused"), member, round, current: round }),
  /** An upload was not what its digest says. */
  z.object({ ...stamp, type: z.literal("again"), member, round, upload: z.string() }),
]);
export type Down = z.infer<typeof down>;

const up = z.discriminatedUnion("type", [
  /** Sums of nodes of the tree, one after the other in the object. */
  z.object({
    run: z.string(),
    type: z.literal("upload"),
    member,
    round,
    nodes: z.array(span.extend({ bytes: z.int().nonnegative() })),
    object,
  }),
  /** A member has the state after `round` rounds and the log does not lead it on. */
  z.object({ run: z.string(), type: z.literal("ask"), member, round }),
]);
export type Up = z.infer<typeof up>;
export type Upload = Extract<Up, { type: "upload" }>;

/** A message before it has the run's name, or the term. */
export type Unsigned<Message> = Message extends Message ? Omit<Message, "run" | "term"> : never;

export const parseDown = (value: unknown): Down => down.parse(value);
export const parseUp = (value: unknown): Up => up.parse(value);

const roundDigest = z.object({ round, digest: z.string().regex(/^[0-9a-f]{64}$/) });
/** The digest of a machine's state after a round. */
export type RoundDigest = z.infer<typeof roundDigest>;

/** What a member shows of itself in its register, as JSON. */
export const presenceSchema = z.object({
  member,
  /** Distinguishes this process from others that had its name. */
  life: z.string(),
  /** Counts up, so that others see that it lives. */
  beat: z.int(),
  workers: z.int().positive(),
  round,
  /** Whether it can be dealt shards: it has the state that the next round starts from, or will without being told. */
  inStep: z.boolean(),
  /** Of this member, since it joined. */
  bytesUp: z.number(),
  bytesDown: z.number(),
  /** Shares of the time since it joined, 0 to 1. */
  compute: z.number(),
  wait: z.number(),
  /** How many it had, and the newest of them, the last one last. */
  incidents: z.int(),
  recent: z.array(z.string()),
  /** Of its newest states that all machines compare, oldest first. */
  digests: z.array(roundDigest),
});
export type Presence = z.infer<typeof presenceSchema>;
