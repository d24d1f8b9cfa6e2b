/**
 * Defines the broker of a run: a log of messages, whose order is the same for all machines, and registers, which are
 * written by compare-and-set. lib/cluster/nats/nats_transport.ts implements it with JetStream, memory_transport.ts in one
 * process.
 *
 * Delivery is at least once. A publish that throws Unreachable may have succeeded: the caller repeats it with the same
 * `id`, which the broker accepts only once.
 */

/** The request failed, but may succeed later. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** True if the broker answered with a refusal. */
  readonly isAnswer: boolean;

  constructor(message: string, isAnswer = false, options?: ErrorOptions) {
    super(message, options);
    this.isAnswer = isAnswer;
  }
}

/** The broker lost its store: the log or the registers are not the earlier ones. */
export class StoreLost extends Error {
  override readonly name = "StoreLost";
}

/** A message of the log. */
export interface LogMessage {
  /** Its position in the log, from 1, ascending over all subjects. */
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export interface PublishOptions {
  /** The broker ignores a message whose id it has accepted recently. */
  readonly id: string;
  /** Publishes only if this is the sequence of the newest message of the subject, 0 for none. */
  readonly after?: number;
}

/** The content of a register. Revisions grow with every write to any register. */
export interface Entry {
  readonly value: string;
  readonly revision: number;
}

export interface Registers {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Number of registers that were not read. */
  readonly left: number;
}

/**
 * Messages of a subject that a reader requests ahead: enough to fill a fast link, and at most 4 MiB that wait on a slow
 * one.
 */
export const READ_AHEAD = 8;

export interface Limits {
  /** Bytes of one message, headers included. */
  readonly maxPayload: number;
  /** Bytes that the log may hold; Infinity without a known limit. */
  readonly maxBytes: number;
}

export interface Transport {
  limits(): Promise<Limits>;
  /** Appends to the log; resolves to the message's sequence, or to undefined if `after` is not the newest one. */
  publish(subject: string, data: Uint8Array, options: PublishOptions): Promise<number | undefined>;
  /** Yields the messages of `subject` from sequence `from` on, in order, and then new ones, until `signal` aborts. */
  read(subject: string, from: number, signal: AbortSignal): AsyncIterable<LogMessage>;
  /** Resolves to the sequence of the newest message of `subject`, 0 for none. */
  newest(subject: string): Promise<number>;
  /** Drops all messages before `sequence`, which is 1 or more. */
  trim(sequence: number): Promise<void>;
  /** Writes register `key` if it is at `revision`. Resolves to its new revision, or to undefined if it was not written. */
  write(key: string, value: string, revision: number | "new"): Promise<number | undefined>;
  register(key: string): Promise<Entry | undefined>;
  /** Reads the registers `known` and a few others in turn, as strangers may have written thousands. */
  registers(known: readonly string[]): Promise<Registers>;
  close(): Promise<void>;
}

/** The prefix of the registers of members. */
export const MEMBER = "member.";

/** Tells whether `key` is a register of a run. Machines never read other keys. */
export function isRegister(key: string): boolean {
  return /^(run|lease|member\.[A-Za-z0-9_-]{1,64})$/.test(key);
}

/** The subjects of a run's log. */
export const Subject = {
  /** Messages of the leader. */
  down: "down",
  /** Messages of members. */
  up: "up",
  /** Chunks of an object that does not fit into one message. */
  chunks: (object: string) => `chunks.${object}`,
} as const;
