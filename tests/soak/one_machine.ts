/** Trains on one machine under faults that must not change the result. */
import { programAbsence } from "../optional.ts";
import { latestOf } from "../cli/process.ts";
import type { SoakConfig } from "./configs.ts";
import type { Draws } from "./draw.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type Ended, Process, sleep } from "./process.ts";

export interface Setting {
  readonly config: SoakConfig;
  /** The runs directory of the trial. */
  readonly runs: string;
  readonly folder: string;
  /** The seconds that the run takes on this machine without faults. */
  readonly seconds: number;
  readonly draws: Draws;
}

export type Trial = (setting: Setting) => Promise<Outcome>;

const PATIENT = ["--max-restarts=1000"];

export function trainWith(
  { config, runs, folder }: Setting,
  flags: readonly string[],
  prefix?: readonly string[],
): Process {
  return new Process(folder, ["train", ...config.flags, `--runs-dir=${runs}`, ...flags], prefix);
}

/** Returns the flag for `workers` workers, but at most one a shard. */
const workersOf = ({ config }: Setting, workers: number) => `--workers=${Math.min(workers, config.shards)}`;

const withWorkers = (workers: number): Trial => async (setting) =>
  await outcomeOf(setting.runs, await trainWith(setting, [workersOf(setting, workers)]).ended);

/** Returns the flag with the seconds after which a worker is lost. They are longer on a slow machine. */
const timeoutOf = ({ seconds }: Setting) => `--worker-timeout=${Math.max(1, seconds / 2).toFixed(1)}`;

const chaos: Trial = async (setting) => {
  const { draws, runs } = setting;
  const rates = ["kill", "exit", "hang"].map((way) => `${way}=${draws.between(0, 0.01).toFixed(4)}`);
  // A thread in an endless loop cannot be ended, and takes a core from all later trials.
  const spin = draws.between(0, 0.002).toFixed(4);
  const flags = [workersOf(setting, draws.whole(2, 3)), `--chaos=${rates.join()},spin=${spin},slow=0.1`];
  return await outcomeOf(runs, await trainWith(setting, [...flags, timeoutOf(setting), ...PATIENT]).ended);
};

/** Kills the process at random moments and resumes it on another number of workers and other kernels, until it ends by itself. */
async function killed(setting: Setting): Promise<Ended> {
  const { draws, seconds, runs, folder } = setting;
  let process = trainWith(setting, [workersOf(setting, draws.whole(1, 3))]);
  for (let kills = draws.whole(1, 5); kills > 0; kills--) {
    await sleep(1000 * draws.between(0.2 * seconds, 1.1 * seconds));
    if (process.isOver) break;
    process.signal("SIGKILL");
    await process.ended;
    const directory = await latestOf(runs).catch(() => undefined);
    const flags = [workersOf(setting, draws.whole(1, 3)), `--kernels=${draws.whole(0, 1) === 0 ? "auto" : "wasm"}`];
    process = directory
      ? new Process(folder, ["resume", directory, "--exit", "--port=0", "--checkpoint-every=3", ...flags])
      : trainWith(setting, flags);
  }
  return await process.ended;
}

const kills: Trial = async (setting) => await outcomeOf(setting.runs, await killed(setting));

const verified: Trial = async (setting) => {
  const ended = await killed(setting);
  const outcome = await outcomeOf(setting.runs, ended);
  if (ended.code !== 0) return outcome;
  const directory = await latestOf(setting.runs);
  const { code, output } = await new Process(setting.folder, ["verify", directory, workersOf(setting, 2)]).ended;
  return code === 0 ? outcome : { code, story: output, log: [] };
};

const stops: Trial = async (setting) => {
  const { draws, seconds, runs } = setting;
  const process = trainWith(setting, [workersOf(setting, draws.whole(2, 3)), timeoutOf(setting), ...PATIENT]);
  for (let stops = draws.whole(1, 3); stops > 0 && !process.isOver; stops--) {
    await sleep(1000 * draws.between(0.1 * seconds, 0.6 * seconds));
    process.signal("SIGSTOP");
    await sleep(draws.between(300, 2500));
    process.signal("SIGCONT");
  }
  return await outcomeOf(runs, await process.ended);
};

const oneCore: Trial = async (setting) => {
  const flags = [workersOf(setting, setting.draws.whole(2, 4))];
  return await outcomeOf(
    setting.runs,
    await trainWith(setting, flags, ["taskset", "-c", "0", "nice", "-n", "19"]).ended,
  );
};

/** Trials by their names in the final report. */
export const oneMachineTrials: Readonly<Record<string, Trial>> = {
  "2 workers": withWorkers(2),
  "3 workers": withWorkers(3),
  "--chaos": chaos,
  "kill -9 and resume": kills,
  "kill -9, resume and verify": verified,
  "SIGSTOP and SIGCONT": stops,
  ...(programAbsence("taskset", ["--version"]) === undefined ? { "one core": oneCore } : {}),
};
