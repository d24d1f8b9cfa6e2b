/** `serve RUN …` serves predictions of finished runs, with the dashboard and the events of the first. */
import { join } from "node:path";
import { resolveConfig } from "../../config/resolve.ts";
import { serviceShape } from "../../config/schema.ts";
import { counted } from "../../base/counted.ts";
import { inputError } from "../../base/errors.ts";
import { describe } from "../../base/printable.ts";
import type { OpenedModel } from "../../predict/served_model.ts";
import { DEFAULT_NAME, MODEL_NAME, MOST_MODELS, ServedModels } from "../../predict/served_models.ts";
import { RunLibrary } from "../../run/library/library.ts";
import type { FoundModel } from "../../run/open_model.ts";
import { Retraining } from "../../run/learning/retraining.ts";
import { openServed, openServedById } from "../../run/open_served.ts";
import type { Asset } from "../../serve/services.ts";
import { parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp, section } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { openKernels } from "../arguments/kernels.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { flagsFor, namedModel, onlyOne, TAKES_MODELS } from "../arguments/run_argument.ts";
import { startService } from "../service/service.ts";
import { forbidWriting } from "../arguments/reading.ts";
import { onInterruption } from "../terminal/signals.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} serve RUN … [FLAGS]`;
const HELP = section("", [[
  "--names NAME,…",
  `names of the runs in POST /models/NAME/predict, in their order; the first run answers /predict as well [ids, or ` +
  `${DEFAULT_NAME} for one run]`,
]]);

interface ServeOptions {
  readonly terminal: Terminal;
  readonly assets: () => ReadonlyMap<string, Asset>;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  /** The modules that the threads of a training run. */
  readonly workerUrl: URL;
  readonly baselineUrl: URL;
  readonly cores: number;
  readonly quit: (code: ExitCode) => void;
}

export async function serveCommand(args: readonly string[], options: ServeOptions): Promise<ExitCode> {
  const { terminal, assets, predictUrl, quit, ...threads } = options;
  const own = flagsFor((key) => ["kernels", "runsDir"].includes(key) || key in serviceShape);
  const { values, nameOf, extra, help, positionals } = parseArguments(args, own, ["names"]);
  if (help) {
    terminal.write(commandHelp(USAGE, own) + HELP + TAKES_MODELS);
    return ExitCode.done;
  }
  if (positionals.length > MOST_MODELS) {
    throw inputError("run", `${counted(positionals.length, "run")} are named: expected at most ${MOST_MODELS}`);
  }
  const names = extra.names === undefined ? undefined : namesOf(extra.names, positionals.length);
  if (positionals.length === 0) onlyOne(positionals, USAGE);
  const found = await Promise.all(positionals.map((path) => namedModel(path, values)));
  const config = resolveConfig(undefined, [{ values, nameOf }]);
  if (!config.collect) forbidWriting();
  const native = openKernels(config.kernels, terminal);
  const retraining = config.retrainAfter === 0 ? undefined : await Retraining.open({
    directory: retrainable(found),
    config,
    threads: { ...threads, native },
    say: (text) => terminal.line(text),
    warn: (text) => terminal.note(`error: ${forCommandLine(text)}`),
  });
  if (retraining) found[0] = await retraining.current();
  const onIncident = (message: string) => terminal.note(message);
  const opened: (readonly [name: string, model: OpenedModel])[] = [];
  const open = { predictUrl, native, config, onIncident, examples: retraining };
  let close = () => opened.forEach(([, model]) => model.close());
  try {
    for (const [at, one] of found.entries()) {
      const model = await openServed(one, open);
      const { run } = model.predictor.shape;
      const name = names?.[at] ?? (found.length === 1 ? DEFAULT_NAME : run);
      opened.push([name, model]);
      if (opened.filter(([other]) => other === name).length > 1) {
        throw inputError("run", `Run ${run} is named twice: give the models different names by --names`);
      }
    }
    const [{ directory }, first] = [found[0]!, opened[0]![1].predictor.shape.run];
    // A model without its run has no history, which the page shows.
    const runs = directory === undefined ? undefined : RunLibrary.saved(directory, first);
    const models = new ServedModels(opened, ({ run }) => {
      runs?.turnTo({ id: run, directory: run === first && directory ? directory : join(runs.folder, run) });
    });
    close = () => models.close();
    const interruption = onInterruption(() => quit(ExitCode.interruptedTwice));
    const service = await startService({ config, assets: runs ? assets() : new Map(), note: terminal.note });
    try {
      // With retraining, a client that loaded another run would change which weights are compared.
      const openRun = runs && !retraining && ((id: string) => openServedById(runs.folder, id, open));
      service.serve({ models, ...runs && { runs }, ...openRun && { openRun } });
      retraining?.start(models, models.first.name, open);
      // Their threads start now, before the first request; readyz and answers report failures.
      for (const { predictor } of models.all) predictor.model().catch(() => {});
      const what = opened.length === 1
        ? `run ${first}`
        : opened.map(([name, { predictor: { shape } }]) => `${name} (run ${shape.run})`).join(", ");
      terminal.line(`Serving ${what}${runs ? "" : " without its page"} on ${service.url} until interrupted`);
      await interruption.happened;
      return ExitCode.done;
    } finally {
      await service.close();
    }
  } finally {
    await retraining?.close();
    close();
  }
}

/** Returns the folder of the only run of a server that trains on. Throws an InputError. */
function retrainable([one, ...others]: readonly FoundModel[]): string {
  if (one?.directory !== undefined && others.length === 0) return one.directory;
  const message = `\`retrainAfter\` is given with ${
    counted(1 + others.length, "model")
  }: expected one, in the folder of its run`;
  throw inputError("retrainAfter", message);
}

/** Reads the names of `runs` models. Throws an InputError. */
function namesOf(list: string, runs: number): readonly string[] {
  const names = list.split(",");
  const wrong = names.find((name, at) => !MODEL_NAME.test(name) || names.indexOf(name) !== at);
  if (wrong !== undefined) {
    const message =
      `--names has ${describe(wrong)}: expected different names of up to 64 letters, digits, - . and _, ` +
      "such as spam,intents";
    throw inputError("--names", message);
  }
  if (names.length === runs) return names;
  throw inputError("--names", `--names has ${counted(names.length, "name")}: expected one for each RUN, ${runs}`);
}
