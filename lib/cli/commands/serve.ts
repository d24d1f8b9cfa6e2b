/** `serve RUN` serves the dashboard, events and predictions of a finished run. */
import { resolveConfig } from "../../config/resolve.ts";
import { serviceShape } from "../../config/schema.ts";
import { openPreprocessing } from "../../data/encode/open_preprocessing.ts";
import { RunLibrary } from "../../run/library/library.ts";
import { shareFile } from "../../run/files/lock.ts";
import { openModel } from "../../run/open_model.ts";
import { openPredictor } from "../../run/open_predictor.ts";
import type { Asset } from "../../serve/services.ts";
import { parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { openKernels } from "../arguments/kernels.ts";
import { flagsFor, oneRun } from "../arguments/run_argument.ts";
import { startService } from "../service/service.ts";
import { onInterruption } from "../terminal/signals.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} serve RUN [FLAGS]`;

interface ServeOptions {
  readonly terminal: Terminal;
  readonly assets: () => ReadonlyMap<string, Asset>;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  readonly quit: (code: ExitCode) => void;
}

export async function serveCommand(args: readonly string[], options: ServeOptions): Promise<ExitCode> {
  const { terminal, assets, predictUrl, quit } = options;
  const own = flagsFor((key) => ["kernels", "runsDir"].includes(key) || key in serviceShape);
  const { values, nameOf, help, positionals } = parseArguments(args, own, []);
  if (help) {
    terminal.write(commandHelp(USAGE, own));
    return ExitCode.done;
  }
  const directory = await oneRun(positionals, USAGE, values);
  const config = resolveConfig(undefined, [{ values, nameOf }]);
  const native = openKernels(config.kernels, terminal);
  const model = await openModel(directory);
  // The prediction thread opens the preprocessing itself: this reports damage before the first request.
  if (model.preprocessing) openPreprocessing(model.preprocessing);
  // The lock keeps other processes from removing the run.
  const lock = await shareFile(`${directory}/run.json`);
  const interruption = onInterruption(() => quit(ExitCode.interruptedTwice));
  const service = await startService({
    config,
    assets: assets(),
    note: terminal.note,
  });
  const predictor = openPredictor({
    model,
    newest: () => model.version,
    directory,
    predictUrl,
    native,
    config,
    onIncident: (message) => terminal.note(message),
  });
  try {
    service.serve({ runs: RunLibrary.saved(directory, model.run), predictor });
    // Its thread starts now, before the first request; readyz and answers report its failure.
    predictor.model().catch(() => {});
    terminal.line(`Serving run ${model.run} on ${service.url} until interrupted`);
    await interruption.happened;
    return ExitCode.done;
  } finally {
    await service.close();
    predictor.close();
    lock.close();
  }
}
