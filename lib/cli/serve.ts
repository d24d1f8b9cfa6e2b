/** `serve RUN`: a finished run's dashboard, events and predictions. */
import { flags } from "../config/flags.ts";
import { resolveConfig } from "../config/resolve.ts";
import { errorMessage, InputError } from "../errors.ts";
import { resolveRun } from "../run/directory.ts";
import { RunLibrary } from "../run/library.ts";
import { readModel } from "../run/model_files.ts";
import { createPredictor } from "../run/predictor.ts";
import type { Asset } from "../serve/services.ts";
import { parseArguments } from "./arguments.ts";
import { ExitCode } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";
import { startService } from "./service.ts";
import { onInterruption } from "./signals.ts";
import type { Terminal } from "./terminal.ts";

const USAGE = "deno task serve RUN [FLAGS]";

export interface ServeOptions {
  readonly terminal: Terminal;
  readonly assets: () => ReadonlyMap<string, Asset>;
  readonly quit: (code: ExitCode) => void;
}

export async function serveCommand(args: readonly string[], options: ServeOptions): Promise<ExitCode> {
  const { terminal, assets, quit } = options;
  const own = flags.filter(({ key }) => key === "host" || key === "port");
  const { values, help, positionals: [path, ...more] } = parseArguments(args, own, []);
  if (help) {
    terminal.write(commandHelp(USAGE, own));
    return ExitCode.done;
  }
  if (path === undefined || more.length > 0) {
    const message = `Expected one run, such as runs/latest, and got ${path === undefined ? "none" : 1 + more.length}`;
    throw new InputError([{ field: "run", message: `${message}. Usage: ${USAGE}` }]);
  }
  const config = resolveConfig(undefined, [{ values, nameOf: (key) => `--${key}` }]);
  const directory = await resolveRun(path);
  const model = await readModel(directory);
  const predictor = createPredictor(model.run, model.config, () => Promise.resolve(model.version));
  const interruption = onInterruption(() => quit(ExitCode.interruptedTwice));
  const service = startService({
    config,
    assets: assets(),
    onError: (error) => terminal.note(`error: ${errorMessage(error)}`),
  });
  try {
    service.serve({ runs: RunLibrary.saved(directory, model.run), predictor });
    terminal.write(`Serving run ${model.run} on ${service.url} until interrupted\n`);
    await interruption.happened;
    return ExitCode.done;
  } finally {
    await service.close();
    interruption.dispose();
  }
}
