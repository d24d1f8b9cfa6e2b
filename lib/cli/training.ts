/** A training with its service beside it, from the first moment until it is told to end. */
import type { Config } from "../config/schema.ts";
import { TrainingError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { StopReason } from "../lockstep/control.ts";
import { RunLibrary } from "../run/library.ts";
import type { ThreadPredictor } from "../predict/predictor.ts";
import type { TrainingRunOptions } from "../run/prepare.ts";
import type { TrainingRun } from "../run/training_run.ts";
import type { Asset } from "../serve/services.ts";
import { ExitCode } from "./exit_codes.ts";
import { openPredictor } from "./predictor.ts";
import { createReporter } from "./reporter.ts";
import { startService } from "./service.ts";
import { onInterruption } from "./signals.ts";
import type { Terminal } from "./terminal.ts";
import { figuresOfEvents } from "./training_figures.ts";

export interface TrainingOptions {
  readonly terminal: Terminal;
  readonly assets: () => ReadonlyMap<string, Asset>;
  /** The module that a worker runs. */
  readonly workerUrl: URL;
  /** The module that the baseline's thread runs. */
  readonly baselineUrl: URL;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  readonly cores: number;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Ends the process at once, for whoever interrupts twice. */
  readonly quit: (code: ExitCode) => void;
}

/** Takes the port, opens the run, trains it to the end and goes on serving unless told not to. */
export async function trainAndServe(
  config: Config,
  open: (options: TrainingRunOptions) => Promise<TrainingRun>,
  options: TrainingOptions,
): Promise<ExitCode> {
  const { terminal, assets, workerUrl, baselineUrl, predictUrl, cores } = options;
  // Lines for people stay out of the way of JSON lines.
  const say = config.log === "json" ? terminal.note : (line: string) => terminal.write(`${line}\n`);
  const service = await startService({
    config,
    assets: assets(),
    note: terminal.note,
  });
  const interruption = onInterruption(() => options.quit(ExitCode.interruptedTwice));
  let releaseKeys = () => {};
  let predictor: ThreadPredictor | undefined;
  const figures = figuresOfEvents();
  try {
    // Nothing of NATS is loaded by those who train alone.
    const openLink = config.cluster === "" ? undefined : (await import("../cluster/link.ts")).openLink;
    const run = await open({ config, workerUrl, baselineUrl, cores, openLink });
    predictor = openPredictor({
      model: run.model,
      newest: () => run.newest,
      directory: run.directory,
      predictUrl,
      config,
      onIncident: (message) => run.log.append({ type: "incident", message }),
    });
    service.serve({ runs: RunLibrary.live(run), predictor, training: figures.read, cluster: figures.cluster });
    say(`Dashboard: ${service.url}`);
    if (terminal.keys) {
      say("Keys: p pauses and goes on, q stops");
      releaseKeys = terminal.keys((key) => {
        if (key === "p") run.pause() || run.unpause();
        if (key === "q") interruption.interrupt();
      });
    }
    void interruption.happened.then(() => {
      service.drain();
      run.stop(StopReason.signal);
    });
    const failed = await trainAndReport(run, config, terminal, figures.observe);
    say(`Run:      ${run.directory}`);
    if (config.exit || failed) return failed ? ExitCode.failed : ExitCode.done;
    if (run.stopReason !== StopReason.signal) {
      say(`Serving on ${service.url} until interrupted`);
      await interruption.happened;
    }
    return ExitCode.done;
  } finally {
    releaseKeys();
    await service.close();
    predictor?.close();
    interruption.dispose();
  }
}

/** Trains to the end while the new events are printed. Returns whether training failed, which the events have said. */
async function trainAndReport(
  run: TrainingRun,
  config: Config,
  terminal: Terminal,
  observe: (event: RunEvent) => void,
): Promise<boolean> {
  const report = createReporter({ config: { ...config, epochs: run.config.epochs }, ...terminal });
  const before = run.log.count;
  const printed = (async () => {
    for await (const event of run.log.read(before, new AbortController().signal)) {
      observe(event);
      report(event);
    }
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
