import { type Flag, flags } from "../../config/flags.ts";
import { presets } from "../../config/presets.ts";
import { fileShape, processShape, trainingShape } from "../../config/schema.ts";

export const OVERVIEW = `Lockstep trains small sequence classifiers on every core, shows it live and serves predictions.

  deno task train [FILE …] [FLAGS]   train a run, watch it and serve it (--help lists the flags)
  deno task check FILE …             read data, and say what training would make of it
  deno task resume RUN               go on with a run that was interrupted
  deno task verify RUN               train a run again, and see whether it comes to the same
  deno task serve RUN                serve a finished run, such as runs/latest
  deno task predict RUN [TEXT …]     classify a text, one a line from standard input, or --data FILE
  deno task evaluate RUN --data FILE how well a finished run does on rows it has not seen
  deno task export RUN --to FORMAT   write its model for TensorFlow.js or PyTorch

Exit codes: 0 done, 1 training or serving failed, 2 bad input, 130 interrupted twice.
`;

/** The help of `train`: every flag with its default. */
export function trainHelp(): string {
  const own = [
    ["--config FILE", "a JSON file of the values below, by key; flags win over it"],
    [`--preset ${Object.keys(presets).join("|")}`, "named values under those of the file and the flags"],
    ["--resume RUN", "go on with a run that was interrupted, as deno task resume does"],
    ["--help", "this"],
  ] as const;
  const of = (shape: object) => flags.filter(({ key }) => key in shape).map(row);
  return [
    "Usage: deno task train [FILE …] [FLAGS]   (files of rows, as --data names them)\n",
    section("", own.map(([flag, text]) => [flag, text])),
    section("What is trained; the result depends on these alone\n", of(trainingShape)),
    section("What files of rows hold, and what becomes of it\n", of(fileShape)),
    section("How this process goes about it\n", of(processShape)),
  ].join("\n");
}

/** The help of a command that takes some of the config's flags. */
export function commandHelp(usage: string, taken: readonly Flag<string>[]): string {
  return `Usage: ${usage}\n\n${section("", taken.map(row))}`;
}

function row(flag: Flag<string>): readonly [string, string] {
  const initial = flag.kind === "list"
    ? ""
    : flag.kind !== "boolean"
    ? ` [${flag.default}]`
    : flag.default
    ? ` [on; off with --no-${flag.name}]`
    : "";
  return [`--${flag.name} ${flag.value}`.trimEnd(), `${flag.description}${initial}`];
}

const WIDTH = 88;
const COLUMN = 32;

/** Two columns, the second wrapped. */
function section(title: string, rows: readonly (readonly [string, string])[]): string {
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
