/** Shared by all parts of a session: from joining to leaving, or to the loss of the broker's store. */
import type { Agreement, CompareEvery } from "./agreement.ts";
import type { Clock } from "../protocol/clock.ts";
import type { Dropped } from "../protocol/dropped.ts";
import type { LocalShards } from "../rounds/local_shards.ts";
import type { Signer } from "../protocol/signer.ts";
import type { Transport } from "../protocol/transport.ts";

export interface ClusterOptions {
  /** This machine's name, which is unique in the run. */
  readonly member: string;
  /** Threads of this machine. */
  readonly workers: number;
  /** A round starts only if so many members are present. */
  readonly minNodes: number;
  /** A member or a leader counts as gone after so long without a sign. */
  readonly leaseMs: number;
  /** The interval of comparisons of the machines' states. */
  readonly compareEvery: CompareEvery;
  /** Limits the time of a member for its shards. After it, other members get them, too. */
  readonly roundMs: number;
}

export interface Context extends ClusterOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly local: LocalShards;
  /** Returns an id that is unique in the run: a broker ignores messages with earlier ids, even after a purge. */
  readonly newId: () => string;
  /** Ends the session. */
  readonly signal: AbortSignal;
  /** Reports an incident, of this machine unless `member` names another one. */
  readonly report: (message: string, member?: string) => void;
  readonly traffic: Traffic;
  readonly agreement: Agreement;
  /** The run's id of its claim, which is in every message. */
  readonly run: string;
  readonly signer: Signer;
  readonly dropped: Dropped;
}

/** Payload bytes that this machine sent and received, without its own objects, and the time that it computed. */
export interface Traffic {
  bytesUp: number;
  bytesDown: number;
  computeMs: number;
  startedAt: number;
}
