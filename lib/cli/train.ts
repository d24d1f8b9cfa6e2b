/** `train`: a run from flags to summary, with its service beside it. */
import { flags } from "../config/flags.ts";
import { type ConfigSource, resolveConfig } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { errorMessage, InputError, TrainingError } from "../errors.ts";
import { StopReason } from "../lockstep/control.ts";
import { RunLibrary } from "../run/library.ts";
import { createPredictor } from "../run/predictor.ts";
import { TrainingRun } from "../run/training_run.ts";
import type { Asset } from "../serve/services.ts";
import { parseArguments, readConfigFile } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { trainHelp } from "./help.ts";
import { createReporter } from "./reporter.ts";
import { startService } from "./service.ts";
import { onInterruption } from "./signals.ts";
import type { Terminal } from "./terminal.ts";

export interface TrainOptions {
  readonly terminal: Terminal;
  readonly assets: () => ReadonlyMap<string, Asset>;
  /** The module that a worker runs. */
  readonly workerUrl: URL;
  readonly cores: number;
  /** Ends the process at once, for whoever interrupts twice. */
  readonly quit: (code: ExitCode) => void;
}

export async function trainCommand(args: readonly string[], options: TrainOptions): Promise<ExitCode> {
  const { terminal, assets, workerUrl, cores } = options;
  const parsed = parseArguments(args, flags, ["config", "preset"]);
  if (parsed.help) {
    terminal.write(trainHelp());
    return ExitCode.done;
  }
  const config = await configFrom(parsed);
  // Lines for people stay out of the way of JSON lines.
  const say = config.log === "json" ? terminal.note : (line: string) => terminal.write(`${line}\n`);

  const service = startService({
    config,
    assets: assets(),
    onError: (error) => terminal.note(`error: ${errorMessage(error)}`),
  });
  const interruption = onInterruption(() => options.quit(ExitCode.interruptedTwice));
  try {
    const run = await TrainingRun.create({ config, workerUrl, cores });
    service.serve({ runs: RunLibrary.live(run), predictor: createPredictor(run.id, run.config, run.versions) });
    say(`Dashboard: ${service.url}`);
    void interruption.happened.then(() => {
      service.drain();
      run.stop(StopReason.signal);
    });
    const failed = await trainAndReport(run, config, terminal);
    say(`Run:      ${run.directory}`);
    if (config.exit || failed) return failed ? ExitCode.failed : ExitCode.done;
    if (run.stopReason !== StopReason.signal) {
      say(`Serving on ${service.url} until interrupted`);
      await interruption.happened;
    }
    return ExitCode.done;
  } finally {
    await service.close();
    interruption.dispose();
  }
}

async function configFrom({ values, extra, positionals }: ReturnType<typeof parseArguments>): Promise<Config> {
  if (positionals.length > 0) {
    const message = `Unexpected argument "${positionals[0]}": expected flags only, such as --seed 7`;
    throw new InputError([{ field: positionals[0]!, message }]);
  }
  const sources: ConfigSource[] = [];
  if (extra.config !== undefined) sources.push(await readConfigFile(extra.config));
  sources.push({ values, nameOf: (key) => `--${flags.find((flag) => flag.key === key)?.name ?? key}` });
  return resolveConfig(extra.preset, sources);
}

/** Trains to the end while the events are printed. Returns whether training failed, which the events have said. */
async function trainAndReport(run: TrainingRun, config: Config, terminal: Terminal): Promise<boolean> {
  const report = createReporter({ config, ...terminal });
  const printed = (async () => {
    for await (const event of run.log.read(0, new AbortController().signal)) report(event);
  })();
  try {
    await run.train();
    return false;
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    return true;
  } finally {
    await printed;
  }
}
