/** Trains on machines in one process, each with its own coordinator and threads. */
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import { tableConfig } from "../../../lib/data/batches/table_config.ts";
import type { TrainingData } from "../../../lib/data/batches/table.ts";
import { LockstepShards } from "../../../lib/cluster/rounds/lockstep_shards.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import type { Transport } from "../../../lib/cluster/protocol/transport.ts";
import { Coordinator } from "../../../lib/lockstep/coordinator.ts";
import { initialState } from "../../../lib/lockstep/initial_state.ts";
import { createPlan } from "../../../lib/lockstep/plan.ts";
import type { EpochRecord, RollbackRecord, RoundRecord } from "../../../lib/lockstep/commit/records.ts";
import type { State } from "../../../lib/lockstep/memory/state.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { TOY_CLAIM } from "./toy_shards.ts";

const workerUrl = new URL("../../../workers/train.ts", import.meta.url);

export interface MachineRun {
  readonly state: State;
  readonly rounds: readonly RoundRecord[];
  readonly epochs: readonly EpochRecord[];
  readonly rollbacks: readonly RollbackRecord[];
  /** Sequences that this machine trained. */
  readonly sequences: number;
  readonly traffic: { readonly up: number; readonly down: number };
}

export interface MachineSetting {
  readonly recipe: TrainingConfig;
  readonly data?: TrainingData | undefined;
  readonly name: string;
  readonly nodes: number;
  readonly workers?: number;
  readonly transport: Transport;
  /** Time without a sign after which a machine counts as gone. If none may, longer than the delays of a busy host. */
  readonly leaseMs?: number;
}

/** Trains to the end as member `name`. Starts when all `nodes` are present. */
export async function trainOnMachine(setting: MachineSetting): Promise<MachineRun> {
  const { recipe, data, name, nodes, workers = 1, transport, leaseMs = 500 } = setting;
  const training = data ? tableConfig(recipe, data) : recipe;
  const config = {
    training,
    ...(data ? { data } : {}),
    workers,
    workerTimeoutMs: PATIENCE_MS,
    maxRestarts: 0,
    chaos: {},
    spin: false,
    remote: true,
  };
  const initial = initialState(createPlan(config), training);
  const coordinator = new Coordinator({ config, workerUrl, initial });
  const stop = new AbortController();
  const deadline = setTimeout(() => stop.abort(new Error(`Machine ${name} has not finished`)), 2 * PATIENCE_MS);
  try {
    await coordinator.start();
    const local = new LockstepShards(coordinator, config);
    const times = { leaseMs, roundMs: Math.max(10_000, 4 * leaseMs), compareEvery: { rounds: 3 } };
    const options = { run: "tiny", claim: TOY_CLAIM, member: name, life: "1", workers, minNodes: nodes, ...times };
    const machine = new Machine({ ...options, transport, local });
    const running = machine.run(stop.signal).then(() => local.leave());
    const rounds: RoundRecord[] = [];
    const epochs: EpochRecord[] = [];
    const rollbacks: RollbackRecord[] = [];
    let sequences = 0;
    const training = (async () => {
      for await (const update of coordinator.updates()) {
        rounds.push(...update.rounds);
        epochs.push(...update.epochs);
        rollbacks.push(...update.rollbacks);
        sequences = update.counters.reduce((sum, counters) => sum + counters.sequences, 0);
      }
    })();
    training.catch(() => {}); // It is closed below if the machine fails.
    await Promise.race([training, running.then(() => training)]);
    await running;
    // A machine that was stopped leaves in order, but has no result.
    stop.signal.throwIfAborted();
    const { bytesUp: up, bytesDown: down } = machine.traffic;
    return { state: coordinator.state(), rounds, epochs, rollbacks, sequences, traffic: { up, down } };
  } finally {
    clearTimeout(deadline);
    coordinator.close();
    await transport.close();
  }
}
