/** Trains on three machines with a real NATS server. Machines and server are killed and stopped. */
import { latestOf } from "../cli/process.ts";
import { NatsServer } from "../cluster/nats/nats_server.ts";
import type { Setting, Trial } from "./one_machine.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { Process, sleep } from "./process.ts";

const NAMES = ["a", "b", "c"];

interface Cluster {
  readonly server: NatsServer;
  readonly machines: Map<string, Process>;
  /** Starts machine `name`, with its earlier run if it has one. */
  start(name: string): Promise<void>;
}

type Disturbance = (cluster: Cluster, setting: Setting) => Promise<void>;

/** Returns a trial of three machines with one to three faults during training. */
function disturbed(disturb: Disturbance): Trial {
  return async (setting) => {
    const { config, runs, folder, draws, seconds } = setting;
    await using server = await NatsServer.start();
    const way = [`--cluster=${server.url}`, "--name=soak", "--workers=1", "--worker-timeout=5"];
    const machines = new Map<string, Process>();
    const start = async (name: string) => {
      const directory = await latestOf(`${runs}/${name}`).catch(() => undefined);
      const own = [...way, `--node=${name}`];
      const args = directory
        ? ["resume", directory, "--exit", "--port=0", ...own]
        : ["train", ...config.flags, `--runs-dir=${runs}/${name}`, ...own];
      machines.set(name, new Process(folder, args));
    };
    for (const name of NAMES) await start(name);
    try {
      for (let times = draws.whole(1, 3); times > 0; times--) {
        await sleep(1000 * draws.between(0.3, 1 + seconds));
        if ([...machines.values()].every(({ isOver }) => isOver)) break;
        await disturb({ server, machines, start }, setting);
      }
      const outcomes: [name: string, outcome: Outcome][] = [];
      for (const [name, { ended }] of machines) outcomes.push([name, await outcomeOf(`${runs}/${name}`, await ended)]);
      const [first, ...others] = outcomes.map(([, outcome]) => outcome);
      const log = outcomes.flatMap(([, outcome]) => outcome.log);
      if (others.every(({ code, story }) => code === first!.code && story === first!.story)) return { ...first!, log };
      const differences = outcomes.map(([name, { code, story }]) => `${name}: exit code ${code}, ${story}`);
      return { code: -1, story: `Machines differ: ${differences.join("; ")}`, log };
    } finally {
      for (const machine of machines.values()) {
        machine.signal("SIGCONT");
        machine.signal("SIGKILL");
        await machine.ended.catch(() => {});
      }
    }
  };
}

const kill: Disturbance = async ({ machines, start }, { draws }) => {
  const name = draws.pick(NAMES);
  const machine = machines.get(name)!;
  const pause = draws.between(0, 4000);
  if (machine.isOver) return;
  machine.signal("SIGKILL");
  await machine.ended;
  await sleep(pause);
  await start(name);
};

const stop: Disturbance = async ({ machines }, { draws }) => {
  const machine = machines.get(draws.pick(NAMES))!;
  machine.signal("SIGSTOP");
  await sleep(draws.between(500, 6000));
  machine.signal("SIGCONT");
};

const restart = (keepsStore: boolean): Disturbance => async ({ server }, { draws }) => {
  await server.kill();
  if (!keepsStore) await server.loseStore();
  await sleep(draws.between(0, 4000));
  await server.resume();
};

const mixed: Disturbance = async (cluster, setting) =>
  await setting.draws.pick([kill, stop, restart(true), restart(false)])(cluster, setting);

export const clusterTrials: Readonly<Record<string, Trial>> = {
  "cluster: uninterrupted": disturbed(() => Promise.resolve()),
  "cluster: kill -9 of a machine": disturbed(kill),
  "cluster: SIGSTOP of a machine": disturbed(stop),
  "cluster: broker back with its store": disturbed(restart(true)),
  "cluster: broker back without its store": disturbed(restart(false)),
  "cluster: all mixed": disturbed(mixed),
};
