import { followSchema } from "../../config/follow_shape.ts";
import { type Flag, flags, flagsOf } from "./flags.ts";
import { forCommandLine } from "./messages.ts";
import { PROGRAM } from "./program.ts";
import { presets } from "../../config/presets.ts";
import { fileShape, processShape, trainingShape } from "../../config/schema.ts";

export const OVERVIEW =
  `Lockstep trains small text classifiers on every core, shows the training live and serves predictions.

  ${PROGRAM} train [FILE …] [FLAGS]   train a run, watch it live and serve it (--help lists the flags)
  ${PROGRAM} tune FILE … --minutes 5  search for a better config, and train it
  ${PROGRAM} check FILE … | RUN       report what training would read from files, or what a run read
  ${PROGRAM} resume RUN               resume an interrupted run
  ${PROGRAM} verify RUN               train a run again and check that it gives the same weights
  ${PROGRAM} serve RUN …              serve finished runs, such as runs/latest
  ${PROGRAM} runs [TEXT]              list runs, newest first, by text, tag or state
  ${PROGRAM} compare RUN RUN …        show what differs between runs: config, results, classes
  ${PROGRAM} predict RUN [TEXT …]     classify a text, lines of standard input, or --data FILE
  ${PROGRAM} evaluate RUN --data FILE evaluate a finished run on new rows
  ${PROGRAM} export RUN --to FORMAT   write the model for another library

RUN is a directory, or an id or latest in runs/ or --runs-dir. Process options are also variables:
LOCKSTEP_RUNS_DIR=FOLDER is --runs-dir FOLDER, LOCKSTEP_EXIT=1 is --exit.

Exit codes: 0 done, 1 training or serving failed, 2 bad input, 130 interrupted twice.
`;

/** Returns the help of `train`: every flag with its default. */
export function trainHelp(): string {
  const own = [
    ["--config FILE", "JSON file with values for the options below, by key; flags override it"],
    [`--preset ${Object.keys(presets).join("|")}`, "named set of values; config file and flags override it"],
    ["--resume RUN", `resume an interrupted run, as ${PROGRAM} resume does`],
    ["--help", "print this help"],
  ] as const;
  const of = (shape: object) => flags.filter(({ key }) => key in shape).map(flagRow);
  return [
    `Usage: ${PROGRAM} train [FILE …] [FLAGS]   (each FILE as in --data FILE)\n`,
    section("", own.map(([flag, text]) => [flag, text])),
    section("Streams\n", flagsOf(followSchema).map(flagRow)),
    section("Training options (these determine the result)\n", of(trainingShape)),
    section("Data options (these determine the result, too)\n", of(fileShape)),
    section(
      "Process options (no effect on the result; LOCKSTEP_PORT=80 is --port 80)\n",
      of(processShape),
    ),
  ].join("\n");
}

/** Returns the help of a command that has some of the config's flags. */
export function commandHelp(usage: string, taken: readonly Flag<string>[]): string {
  return `Usage: ${usage}\n\n${section("", taken.map(flagRow))}`;
}

/** Returns the line of a flag in a help: its name with its value, and its description. */
export function flagRow(flag: Flag<string>): readonly [string, string] {
  const initial = flag.kind === "boolean"
    ? (flag.default ? `on; off with --no-${flag.name}` : "")
    : String(flag.default);
  const description = forCommandLine(flag.description);
  return [`--${flag.name} ${flag.value}`.trimEnd(), initial === "" ? description : `${description} [${initial}]`];
}

const WIDTH = 88;
const COLUMN = 32;

/** Formats two columns, the second one wrapped. */
export function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.flatMap(([left, right]) => {
    const [first = "", ...rest] = wrap(right, WIDTH - COLUMN);
    const head = `  ${left}`;
    const start = head.length < COLUMN - 1 ? [head.padEnd(COLUMN) + first] : [head, " ".repeat(COLUMN) + first];
    return [...start, ...rest.map((line) => " ".repeat(COLUMN) + line)];
  });
  return `${title}${lines.join("\n")}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
