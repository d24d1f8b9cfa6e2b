/** Defines the messages of the protocol: those of the leader (`down`) and those of members (`up`). */
import { z } from "zod";
import { machineSchema } from "../../base/events/cluster_view.ts";

const round = z.int().nonnegative();
/** Names of machines and objects are parts of subjects. */
const member = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const id = z.string().regex(/^[A-Za-z0-9_.-]{1,200}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** The signer of the message, and how many messages that key signed before. */
const from = z.object({ member, key, count: z.int().nonnegative() });
/** Limits the shards of a run and the lists in a message. */
const MAX_ITEMS = 4096;
const text = z.string().max(1000);

/** The bytes that a message commits: its body if `chunks` is 0, otherwise those of the chunks in order. */
const object = z.object({
  id,
  bytes: z.int().nonnegative(),
  sha256,
  chunks: z.int().nonnegative(),
  /** Sequences of the first and the last chunk in the log. */
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
});
export type ObjectReference = z.infer<typeof object>;

const span = z.object({ first: z.int().nonnegative(), last: z.int().positive() });

/** `term`: the revision at which the leader took the lease. Members ignore lower terms than the highest one so far. */
const stamp = { run: text, from, term: z.int().positive() };

const down = z.discriminatedUnion("type", [
  /** A leader begins with the state after `round` rounds. */
  z.object({ ...stamp, type: z.literal("lead"), leader: member, round }),
  /** Assigns shards of the round to members. The first deal of a round fixes its members. */
  z.object({
    ...stamp,
    type: z.literal("deal"),
    round,
    hands: z.array(z.object({ member, shards: z.array(z.int().nonnegative()).max(MAX_ITEMS).readonly() })).max(
      MAX_ITEMS,
    )
      .readonly(),
  }),
  /** Commits the round: the next one starts from this state. `compare`: every member shows its digest of it. */
  z.object({ ...stamp, type: z.literal("base"), round, object, compare: z.boolean() }),
  /** A whole state, for members that lack earlier bases. */
  z.object({ ...stamp, type: z.literal("state"), round, digest: sha256, object }),
  /** An upload came after its round was committed. */
  z.object({ ...stamp, type: z.literal("refused"), member, round, current: round }),
  /** An upload does not match its digest: its member sends it again. */
  z.object({ ...stamp, type: z.literal("again"), member, round, upload: id }),
]);
export type Down = z.infer<typeof down>;
export type DownOf<Type extends Down["type"]> = Extract<Down, { type: Type }>;

const up = z.discriminatedUnion("type", [
  /** Sums of nodes of the tree, concatenated in the object. */
  z.object({
    run: text,
    from,
    type: z.literal("upload"),
    member,
    round,
    nodes: z.array(span.extend({ bytes: z.int().nonnegative() })).min(1).max(MAX_ITEMS),
    object,
  }),
  /** A member with the state after `round` rounds asks for a newer one, which it cannot reach by the log. */
  z.object({ run: text, from, type: z.literal("ask"), member, round }),
  /** A member announces itself, as the leader may not have read its register among thousands of others. */
  z.object({ run: text, from, type: z.literal("here"), member }),
]);
export type Up = z.infer<typeof up>;
export type Upload = Extract<Up, { type: "upload" }>;

/** A message before the run's id, the sender and the term are added. */
export type Unsigned<Message> = Message extends Message ? Omit<Message, "run" | "from" | "term"> : never;

export const downSchema: z.ZodType<Down> = down;
export const upSchema: z.ZodType<Up> = up;

/** The header of a part of an object. */
export const chunkSchema = z.object({
  from,
  object: id,
  index: z.int().nonnegative(),
  count: z.int().positive(),
});

const roundDigest = z.object({ round, digest: sha256 });
/** The digest of a machine's state after a round. */
export type RoundDigest = z.infer<typeof roundDigest>;

/** A member shows the keys of so many earlier lives. */
export const EARLIER_KEYS = 8;

/** Describes the register of a member, which it writes as JSON. */
export const presenceSchema = machineSchema.extend({
  member,
  workers: machineSchema.shape.workers.max(MAX_ITEMS),
  /** Distinguishes this process from earlier ones with the same name. */
  life: text,
  /** Its public key, and those of its earlier lives, whose messages may still be in the log. */
  key,
  earlier: z.array(key).max(EARLIER_KEYS),
  /** Grows, so that others see that it is alive; -1 when it leaves. */
  beat: z.int(),
  /** Its newest incidents, oldest first. */
  recent: z.array(text).max(16),
  /** Digests of its newest compared states, oldest first. */
  digests: z.array(roundDigest).max(16),
});
export type Presence = z.infer<typeof presenceSchema>;
