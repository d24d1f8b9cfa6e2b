/**
 * A small model that reveals every error of the protocol: the result of a shard depends on the state, the round and the
 * shard, and the mean is the real tree. `toyResult` computes the same without a cluster.
 */
import type { Clock } from "../../../lib/cluster/protocol/clock.ts";
import { Damaged, Malformed, sha256 } from "../../../lib/cluster/protocol/envelope.ts";
import type { RoundDigest } from "../../../lib/cluster/protocol/messages.ts";
import type { LocalShards, NodeSum, Snapshot } from "../../../lib/cluster/rounds/local_shards.ts";
import { addUp, completion, ownedNodes, type Span } from "../../../lib/engine/tree_nodes.ts";
import { coefficients, createTreeMean } from "../../../lib/engine/tree_mean.ts";
import { groupsOf } from "../../../lib/lockstep/round_schedule.ts";

/** The claim of a toy run, which has no config and no data. */
export const TOY_CLAIM = { config: {}, data: "", weights: "" };

export interface ToyOptions {
  readonly shards: number;
  readonly rounds: number;
  /** Number of groups, whose shards are trained together; none by default. */
  readonly groups?: number;
  /** Numbers of the state. */
  readonly size?: number;
}

/** Trains `shard` from `state` in the round after `round`. */
function train(state: Float32Array, round: number, shard: number): Float32Array {
  return state.map((value, i) => Math.fround(value * 0.9 + (round * 31 + shard * 17 + i * 7) % 101 / 101));
}

/** Trains the shards of a group, which average between two parts of the round. */
function trainGroup(state: Float32Array, round: number, { first, last }: Span): Float32Array[] {
  const shards = Array.from({ length: last - first }, (_, i) => first + i);
  const replicas = shards.map((shard) => train(state, round, shard));
  if (shards.length === 1) return replicas;
  const mean = new Float32Array(state.length);
  createTreeMean(shards.length).mean(replicas, coefficients(shards.map(() => 1)), mean, 0, mean.length);
  return shards.map((shard) => train(mean, round, shard));
}

function toyGroups({ shards, groups }: ToyOptions): Span[] {
  return groupsOf({ shards, groups: groups ?? 1, clusterEvery: groups ? 2 : 1 });
}

/** Returns the shards' coefficients of the mean, which differ. */
function shares(shards: number): Float32Array {
  return coefficients(Array.from({ length: shards }, (_, shard) => 5 + shard % 3));
}

function digestOf(state: Float32Array): string {
  return sha256(new Uint8Array(state.buffer, state.byteOffset, state.byteLength));
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer.slice(0));
const floatsOf = (bytes: Uint8Array) => new Float32Array(bytes.slice().buffer);

/** Returns the digest after all rounds, without a cluster. */
export function toyResult(options: ToyOptions): string {
  const { shards, rounds, size = 7 } = options;
  const tree = createTreeMean(shards);
  let state = new Float32Array(size);
  for (let round = 0; round < rounds; round++) {
    const next = new Float32Array(size);
    const replicas = toyGroups(options).flatMap((group) => trainGroup(state, round, group));
    tree.mean(replicas, shares(shards), next, 0, size);
    state = next;
  }
  return digestOf(state);
}

export class ToyShards implements LocalShards {
  readonly shards: number;
  readonly groups: readonly Span[];
  round = 0;
  /** How often it trained each round. */
  readonly trained: number[] = [];
  readonly #rounds: number;
  readonly #clock: Clock;
  #state: Float32Array;
  /** From this round on, this machine has different states than all others. */
  wrongFrom: number | undefined;
  /** Milliseconds per shard. */
  stepMs: number;

  constructor(options: ToyOptions, clock: Clock, stepMs = 10) {
    this.shards = options.shards;
    this.groups = toyGroups(options);
    this.#rounds = options.rounds;
    this.#clock = clock;
    this.#state = new Float32Array(options.size ?? 7);
    this.stepMs = stepMs;
  }

  get finished(): boolean {
    return this.round === this.#rounds;
  }

  get digest(): string {
    return digestOf(this.#state);
  }

  maxNodeBytes(): number {
    return 4 * this.#state.length;
  }

  get maxStateBytes(): number {
    return 4 * this.#state.length;
  }

  check({ bytes }: NodeSum): void {
    if (bytes.length !== 4 * this.#state.length) throw new Malformed(`A sum has ${bytes.length} bytes`);
  }

  async sum(shards: readonly number[]): Promise<readonly NodeSum[]> {
    const { round } = this;
    const state = this.#state;
    this.trained[round] = (this.trained[round] ?? 0) + 1;
    await this.#clock.sleep(this.stepMs * shards.length);
    const replicas: Float32Array[] = [];
    for (const group of this.groups) {
      if (!shards.includes(group.first)) continue;
      trainGroup(state, round, group).forEach((replica, i) => replicas[group.first + i] = replica);
    }
    return ownedNodes(new Set(shards), this.shards).map(({ first, last }) => {
      const out = new Float32Array(state.length);
      createTreeMean(last - first).mean(
        replicas.slice(first, last),
        shares(this.shards).subarray(first, last),
        out,
        0,
        out.length,
      );
      return { first, last, bytes: bytesOf(out) };
    });
  }

  complete(nodes: readonly NodeSum[]): Uint8Array {
    const { root, missing } = completion(nodes, this.shards);
    if (!root) throw new Error(`Shards ${missing} are missing`);
    return bytesOf(addUp(root, ({ bytes }) => floatsOf(bytes))!);
  }

  commit(base: Uint8Array): Promise<void> {
    this.#state = floatsOf(base);
    this.round++;
    if (this.wrongFrom !== undefined && this.round >= this.wrongFrom) this.#state[0]! += 1;
    return Promise.resolve();
  }

  snapshot(): Snapshot {
    return { round: this.round, digest: this.digest, bytes: bytesOf(this.#state) };
  }

  stateDigest(): RoundDigest {
    return { round: this.round, digest: this.digest };
  }

  restore({ round, digest, bytes }: Snapshot): Promise<void> {
    const state = floatsOf(bytes);
    if (digestOf(state) !== digest) throw new Damaged("The state does not match its digest");
    this.#state = state;
    this.round = round;
    return Promise.resolve();
  }
}
