/** The vocabulary of the protocol: what the leader says (`down`) and what members say (`up`). */
import { z } from "zod";
import { machineSchema } from "../../base/events.ts";

const round = z.int().nonnegative();
/** Names of machines, and of objects, which are a part of a subject. */
const member = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const id = z.string().regex(/^[A-Za-z0-9_.-]{1,200}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** Who signed the message, and how many that key had signed before. */
const from = z.object({ member, key, count: z.int().nonnegative() });
/** No run has more shards, nor a machine more words to say. */
const MOST = 4096;
const text = z.string().max(1000);

/** Bytes that a message commits: its own body if there are no chunks, else those of the chunks in order. */
const object = z.object({
  id,
  bytes: z.int().nonnegative(),
  sha256,
  chunks: z.int().nonnegative(),
  /** Where in the log the first of the chunks is, and the last. */
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
});
export type ObjectReference = z.infer<typeof object>;

const span = z.object({ first: z.int().nonnegative(), last: z.int().positive() });

/** `term`: the revision at which the leader took the lease. Nobody heeds a lower term than the highest that was seen. */
const stamp = { run: text, from, term: z.int().positive() };

const down = z.discriminatedUnion("type", [
  /** A leader begins, with the state after `round` rounds. */
  z.object({ ...stamp, type: z.literal("lead"), leader: member, round }),
  /** Who carries which shards of the round; membership is fixed by the first deal of a round. */
  z.object({
    ...stamp,
    type: z.literal("deal"),
    round,
    hands: z.array(z.object({ member, shards: z.array(z.int().nonnegative()).max(MOST).readonly() })).max(MOST)
      .readonly(),
  }),
  /** The round is committed: what the next one starts from. `compare`: every member shows its digest of that state. */
  z.object({ ...stamp, type: z.literal("base"), round, object, compare: z.boolean() }),
  /** A whole state, for members that cannot get there by bases. */
  z.object({ ...stamp, type: z.literal("state"), round, digest: sha256, object }),
  /** An upload came after its round. */
  z.object({ ...stamp, type: z.literal("refused"), member, round, current: round }),
  /** An upload was not what its digest says. */
  z.object({ ...stamp, type: z.literal("again"), member, round, upload: id }),
]);
export type Down = z.infer<typeof down>;

const up = z.discriminatedUnion("type", [
  /** Sums of nodes of the tree, one after the other in the object. */
  z.object({
    run: text,
    from,
    type: z.literal("upload"),
    member,
    round,
    nodes: z.array(span.extend({ bytes: z.int().nonnegative() })).min(1).max(MOST),
    object,
  }),
  /** A member has the state after `round` rounds and the log does not lead it on. */
  z.object({ run: text, from, type: z.literal("ask"), member, round }),
  /** A member is there, whose register is one of thousands: who says something is looked at. */
  z.object({ run: text, from, type: z.literal("here"), member }),
]);
export type Up = z.infer<typeof up>;
export type Upload = Extract<Up, { type: "upload" }>;

/** A message before it has the run's id, its sender, or the term. */
export type Unsigned<Message> = Message extends Message ? Omit<Message, "run" | "from" | "term"> : never;

export const downSchema: z.ZodType<Down> = down;
export const upSchema: z.ZodType<Up> = up;

/** In the header of a part of an object. */
export const chunkSchema = z.object({
  from,
  object: id,
  index: z.int().nonnegative(),
  count: z.int().positive(),
});

const roundDigest = z.object({ round, digest: sha256 });
/** The digest of a machine's state after a round. */
export type RoundDigest = z.infer<typeof roundDigest>;

/** Lives before this one whose keys a member still shows. */
export const EARLIER_KEYS = 8;

/** Describes what a member shows of itself in its register, as JSON. */
export const presenceSchema = machineSchema.extend({
  member,
  workers: machineSchema.shape.workers.max(MOST),
  /** Distinguishes this process from others that had its name. */
  life: text,
  /** The public key that it signs with, and those of its earlier lives, whose messages may still lie in the log. */
  key,
  earlier: z.array(key).max(EARLIER_KEYS),
  /** Counts up, so that others see that it lives. */
  beat: z.int(),
  /** Its newest incidents, oldest first. */
  recent: z.array(text).max(16),
  /** Of its newest states that all machines compare, oldest first. */
  digests: z.array(roundDigest).max(16),
});
export type Presence = z.infer<typeof presenceSchema>;
