/** Trains runs and serves them from the start, until all are done or the process is interrupted. */
import { dirname } from "node:path";
import { type Config, configPaths, trainingConfigSchema } from "../../config/schema.ts";
import { counted } from "../../base/counted.ts";
import { errorMessage, inputError, TrainingError } from "../../base/errors.ts";
import type { RunEvent, Summary } from "../../base/events.ts";
import { StopReason } from "../../lockstep/memory/control.ts";
import { openTraining } from "../../run/training/open_training.ts";
import { filesOfParents } from "../../run/training/parent.ts";
import type { ReadingOptions } from "../../run/training/reload_data.ts";
import type { LinkParts, TrainingRunOptions } from "../../run/training/prepare.ts";
import { keepRuns } from "../../run/library/retention.ts";
import { type QueuedRun, RunQueue } from "../../run/library/run_queue.ts";
import { isFinal } from "../../run/log/summary.ts";
import { trainObserved } from "../../run/training/train_observed.ts";
import type { TrainingRun } from "../../run/training/training_run.ts";
import type { Asset } from "../../serve/services.ts";
import { ExitCode } from "../exit_codes.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { openKernels } from "../arguments/kernels.ts";
import { PROGRAM } from "../arguments/program.ts";
import { restrictReading } from "../arguments/reading.ts";
import { parseColumns } from "../../config/columns.ts";
import { formOf } from "../../formats/columns.ts";
import { nextCommands, shellWord } from "../../report/outcome.ts";
import { item, items, readRunFiles } from "../terminal/final_report.ts";
import { createReporter } from "../terminal/reporter.ts";
import { openReported } from "../service/reported_search.ts";
import { startService } from "../service/service.ts";
import { onInterruption } from "../terminal/signals.ts";
import { ServedRun } from "../service/served_run.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface TrainingOptions {
  readonly terminal: Terminal;
  readonly assets: () => ReadonlyMap<string, Asset>;
  /** The module that a worker runs. */
  readonly workerUrl: URL;
  /** The module that the baseline's thread runs. */
  readonly baselineUrl: URL;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  /** The module that a thread of cross-validation runs. */
  readonly foldsUrl: URL;
  readonly cores: number;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Says what an interruption before the run has begun leaves; default: nothing. */
  readonly stopped?: string | undefined;
  /** Exits at once, after a second interruption. */
  readonly quit: (code: ExitCode) => void;
}

interface OpenOptions extends TrainingRunOptions, Pick<ReadingOptions, "onRows"> {
  readonly signal: AbortSignal;
  /** Lists a run that is trained before the one that is opened. */
  readonly onTrial: (run: TrainingRun) => void;
}

export type Open = (options: OpenOptions) => Promise<TrainingRun>;

/**
 * Takes the port, opens and trains the run, then the runs that clients started over HTTP, one after the other. Continues
 * to serve unless the config says to exit.
 */
export async function trainAndServe(config: Config, open: Open, options: TrainingOptions): Promise<ExitCode> {
  const { terminal, assets, workerUrl, baselineUrl, predictUrl, foldsUrl, cores } = options;
  if (config.retrainAfter > 0) {
    throw inputError("retrainAfter", "`retrainAfter` is given to a process that trains: expected it for `serve` only");
  }
  const native = openKernels(config.kernels, terminal);
  restrictReading(config, configPaths, await filesOfParents(config));
  // Lines for people must not mix with JSON lines.
  const say = config.log === "json" ? terminal.note : terminal.line;
  const service = await startService({ config, assets: assets(), note: terminal.note });
  const interruption = onInterruption(() => options.quit(ExitCode.interruptedTwice));
  const queue = new RunQueue(config);
  const served = new ServedRun({
    service,
    queue,
    config,
    predictUrl,
    native,
    note: terminal.note,
    threads: { foldsUrl, cores },
  });
  let run: TrainingRun | undefined;
  let interrupted = false;
  let stopped: string | undefined;
  let hasAddress = false;
  let releaseKeys = () => {};
  void interruption.happened.then(() => {
    interrupted = true;
    service.drain();
    run?.stop(StopReason.signal);
  });
  // NATS is loaded only for a run on several machines. Runs from the queue are never such runs.
  const cluster = config.cluster === "" ? undefined : await import("../../cluster/link.ts");
  const openLink = cluster &&
    ((parts: LinkParts) =>
      cluster.openLink(parts, { signal: interruption.signal, say: (text) => terminal.note(forCommandLine(text)) }));
  const onRows = (rows: number) => {
    service.reading(rows);
    if (config.log === "text") terminal.live(`Reading: ${counted(rows, "row")}`);
  };
  const sayAddress = () => {
    if (!hasAddress) say(`Dashboard: ${service.url}`);
    hasAddress = true;
  };
  const onTrial = (run: TrainingRun) => {
    sayAddress();
    served.list(run);
  };
  /** Tells whether training failed. Throws what opening the run throws. */
  const train = async (open: Open, id?: string): Promise<boolean> => {
    const { signal } = interruption;
    const parts = {
      config,
      workerUrl,
      baselineUrl,
      cores,
      native,
      signal,
      onRows,
      onTrial,
      ...id === undefined ? { openLink } : { id },
    };
    const opened = await open(parts);
    run = opened;
    queue.began(opened.startedAt);
    served.show(opened);
    if (id === undefined) {
      sayAddress();
      if (terminal.keys) {
        say("Keys: p pauses or resumes, q stops");
        releaseKeys = terminal.keys((key) => {
          if (key === "p") run!.pause() || run!.unpause();
          if (key === "q") interruption.interrupt();
        });
      }
    }
    const training = trainAndReport(opened, config, terminal, (event) => served.observe(event));
    // The stop must follow the event of the start.
    if (interrupted) opened.stop(StopReason.signal);
    const summary = await training;
    say(item("Run", opened.directory));
    // Generated data have no texts to predict and no rows to evaluate.
    if (summary && (!isFinal(summary) || opened.config.task === "table")) {
      const columns = parseColumns(opened.config.columns);
      const input = columns && shellWord(formOf(columns));
      const hasFiles = !opened.config.data.includes("-");
      const end = { isFinal: isFinal(summary), isServed: !config.exit, input, hasFiles };
      items(end.isFinal ? "Next" : "Resume", nextCommands(opened.directory, end, PROGRAM)).forEach((text) => say(text));
    }
    const gone = await keepRuns(dirname(opened.directory), config.keepRuns, [opened.id]);
    if (gone.length > 0) say(item("Removed", gone.join(", ")));
    return summary === undefined;
  };
  try {
    if (await train(open)) return ExitCode.failed;
    while (!interrupted) {
      const next = queue.take();
      if (next) {
        await train((parts) => openQueued(next, parts, terminal, (line) => stopped = line), next.id).catch((error) => {
          if (error === interruption.signal.reason) throw error;
          queue.refuse(next, error);
          terminal.note(`error: run ${next.id} could not start: ${forCommandLine(errorMessage(error))}`);
        });
      } else if (config.exit) {
        break;
      } else {
        say(`Serving on ${service.url} until interrupted`);
        await Promise.race([queue.arrival(), interruption.happened]);
      }
    }
    return ExitCode.done;
  } catch (error) {
    if (error !== interruption.signal.reason) throw error;
    say(stopped ?? options.stopped ?? "Interrupted before training began: nothing to save");
    return ExitCode.done;
  } finally {
    releaseKeys();
    await service.close();
    await served.close();
  }
}

/** Opens a run of the queue, after its search if it has one. */
async function openQueued(
  run: QueuedRun,
  { onTrial, ...parts }: OpenOptions,
  terminal: Terminal,
  onStopped: (line: string) => void,
): Promise<TrainingRun> {
  const { id, resolve, given, search: wanted } = run;
  if (!wanted) return await openTraining(resolve, parts);
  const { runsDir, log } = parts.config;
  const own = Object.entries(given).filter(([key]) => key in trainingConfigSchema.shape);
  const search = { ...parts, ...wanted, resolve, given: Object.fromEntries(own), runsDir };
  return await openReported(search, {
    ...{ terminal, log, id, onTrial, onStopped },
    onOpen: (search) => run.current = { state: () => search.state, end: () => search.end() },
  }).finally(() => delete run.current);
}

/** Trains a run and prints its new events. Returns undefined if training failed, which the events have reported. */
async function trainAndReport(
  run: TrainingRun,
  config: Config,
  terminal: Terminal,
  observe: (event: RunEvent) => void,
): Promise<Summary | undefined> {
  const report = createReporter({ config: { ...config, ...run.config }, terminal });
  try {
    return await trainObserved(run, async (event) => {
      observe(event);
      report(
        event,
        event.type === "finished" && config.log === "text"
          ? await readRunFiles(run.directory, event.summary)
          : undefined,
      );
    });
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    return undefined;
  }
}
