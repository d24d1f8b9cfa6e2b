/**
 * What the protocol needs of a broker, for one run: a log of messages in one order for everyone, and registers that are
 * written by compare-and-set. lib/cluster/nats/nats_transport.ts does it with JetStream, memory_transport.ts in one process.
 *
 * Delivery is at least once. A publish that throws Unreachable may have happened all the same: it is done again with the
 * same `id`, which the broker takes once.
 */

/** The broker did not do it; the same may work later. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** Whether it answered, and said no. */
  readonly isAnswer: boolean;

  constructor(message: string, isAnswer = false, options?: ErrorOptions) {
    super(message, options);
    this.isAnswer = isAnswer;
  }
}

/** The log is another one than before: the broker lost its store. */
export class StoreLost extends Error {
  override readonly name = "StoreLost";
}

/** A message of the log. */
export interface LogMessage {
  /** Its place in the log, from 1, growing over all subjects. */
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export interface PublishOptions {
  /** A message with an id that the broker has seen lately is not taken again. */
  readonly id: string;
  /** The sequence of the newest message of the subject, 0 for none: if it is another, nothing is published. */
  readonly after?: number;
}

/** What a register holds. Revisions grow with every write to any register. */
export interface Entry {
  readonly value: string;
  readonly revision: number;
}

export interface Registers {
  readonly entries: ReadonlyMap<string, Entry>;
  /** How many more there are. */
  readonly left: number;
}

/**
 * Messages of a subject that a reader lets come before it has taken the first of them: enough for a fast link to have no
 * gaps, and at most 4 MiB that wait where a slow one is narrow.
 */
export const READ_AHEAD = 8;

export interface Limits {
  /** Bytes of one message, headers included. */
  readonly maxPayload: number;
  /** Bytes that the log may hold; Infinity if nobody says. */
  readonly maxBytes: number;
}

export interface Transport {
  limits(): Promise<Limits>;
  /** Appends to the log; resolves to the message's sequence, or to nothing where `after` is not the newest. */
  publish(subject: string, data: Uint8Array, options: PublishOptions): Promise<number | undefined>;
  /** The messages of `subject` from sequence `from` on, in order, then those to come, until `signal` aborts. */
  read(subject: string, from: number, signal: AbortSignal): AsyncIterable<LogMessage>;
  /** The sequence of the newest message of `subject`, 0 for none. */
  newest(subject: string): Promise<number>;
  /** Drops all messages before `sequence`, which is 1 or more. */
  forget(sequence: number): Promise<void>;
  /** Writes register `key`: a new one, or the one at `revision`. Resolves to its revision, or to nothing if it is not. */
  write(key: string, value: string, revision: number | "new"): Promise<number | undefined>;
  register(key: string): Promise<Entry | undefined>;
  /** The registers `known`, and of all others a few, in turn: strangers may have written thousands. */
  registers(known: readonly string[]): Promise<Registers>;
  close(): Promise<void>;
}

/** What the register of a member begins with. */
export const MEMBER = "member.";

/** Whether `key` is one of a run's registers. Other keys are never asked for. */
export function isRegister(key: string): boolean {
  return /^(run|lease|member\.[A-Za-z0-9_-]{1,64})$/.test(key);
}

/** The subjects of a run's log. */
export const Subject = {
  /** What the leader says. */
  down: "down",
  /** What members say. */
  up: "up",
  /** Parts of what does not fit into one message. */
  chunks: (object: string) => `chunks.${object}`,
} as const;
