/** Runs a command and exits with its code. Only this module knows every part and connects them. */
import { argv, exit, stdin } from "node:process";
import { dashboardAssets } from "./dashboard/assets.ts";
import { nearest } from "./lib/base/nearest.ts";
import { deniedAccess, errorMessage, InputError, inputError } from "./lib/base/errors.ts";
import { checkCommand } from "./lib/cli/commands/check.ts";
import { compareCommand } from "./lib/cli/commands/compare.ts";
import { ExitCode } from "./lib/cli/exit_codes.ts";
import { evaluateCommand } from "./lib/cli/commands/evaluate.ts";
import { exportCommand } from "./lib/cli/commands/export.ts";
import { forCommandLine } from "./lib/cli/arguments/messages.ts";
import { OVERVIEW } from "./lib/cli/arguments/help.ts";
import { isTerminal, streams, terminalAbilities, terminalWidth, watchKeys } from "./lib/platform/terminal.ts";
import { predictCommand } from "./lib/cli/commands/predict.ts";
import { resumeCommand } from "./lib/cli/commands/resume.ts";
import { onInterruption } from "./lib/cli/terminal/signals.ts";
import { runsCommand } from "./lib/cli/commands/runs.ts";
import { serveCommand } from "./lib/cli/commands/serve.ts";
import { verifyCommand } from "./lib/cli/commands/verify.ts";
import { complain, createTerminal, OutputError } from "./lib/cli/terminal/terminal.ts";
import { trainCommand } from "./lib/cli/commands/train.ts";
import { tuneCommand } from "./lib/cli/commands/tune.ts";
import project from "./deno.json" with { type: "json" };
import { threadUrls } from "./threads.ts";

/** Commands that continue when their output is closed: the files of the run have what they print. */
const OUTLIVE_OUTPUT = ["train", "tune", "resume", "serve"];

const args = argv.slice(2);

const terminal = createTerminal({
  ...streams,
  width: terminalWidth,
  abilities: terminalAbilities(),
  outlivesOutput: OUTLIVE_OUTPUT.includes(args[0] ?? ""),
  keys: isTerminal.stdout && isTerminal.stdin ? watchKeys : undefined,
});

const { predictUrl } = threadUrls;
const shared = { terminal, assets: dashboardAssets, predictUrl, quit: (code: ExitCode) => exit(code) };

const training = { ...shared, ...threadUrls, cores: navigator.hardwareConcurrency, input: stdin };

const interrupted = () => onInterruption(() => shared.quit(ExitCode.interruptedTwice)).signal;

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<ExitCode>>> = {
  train: (args) => trainCommand(args, training),
  tune: (args) => tuneCommand(args, training),
  check: (args) => checkCommand(args, { ...training, interrupted }),
  resume: (args) => resumeCommand(args, training),
  verify: (args) => verifyCommand(args, training),
  serve: (args) => serveCommand(args, training),
  runs: (args) => runsCommand(args, terminal),
  compare: (args) => compareCommand(args, terminal),
  evaluate: (args) => evaluateCommand(args, { terminal, input: stdin }),
  export: (args) => exportCommand(args, shared),
  predict: (args) => predictCommand(args, { terminal, input: stdin, interrupted }),
};

async function main([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === undefined || name === "help" || name === "--help") {
    terminal.write(OVERVIEW);
    return ExitCode.done;
  }
  if (name === "--version") {
    terminal.write(`lockstep ${project.version}\n`);
    return ExitCode.done;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const guess = nearest(name, Object.keys(commands));
    const hint = guess ? `did you mean ${guess}?` : `expected one of ${Object.keys(commands).join(", ")}`;
    throw inputError("command", `Unknown command ${name}: ${hint}`);
  }
  return await command(args);
}

let code: ExitCode = ExitCode.failed;
try {
  code = await main(args);
} catch (error) {
  if (error instanceof InputError) {
    complain(terminal, error);
    code = ExitCode.badInput;
  } else if (error instanceof OutputError && error.isClosed) {
    // The reader closed the pipe, as `| head` does.
    code = ExitCode.done;
  } else {
    terminal.note(`error: ${forCommandLine(errorMessage(error))}`);
    if (deniedAccess(error)) code = ExitCode.badInput;
  }
}
// A worker in a step cannot be terminated and would keep the process alive.
exit(code);
