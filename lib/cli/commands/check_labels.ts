/** `check FILE --cross-validate 5` finds labels that are probably wrong, and writes the rows with their suspicion. */
import { stat } from "node:fs/promises";
import { percent } from "../../base/counted.ts";
import { inputError } from "../../base/errors.ts";
import { readingOf } from "../../formats/columns.ts";
import type { LoadedData } from "../../data/load/loaded_data.ts";
import type { Examination } from "../../model/examination.ts";
import { type ExaminationOptions, examineLabels } from "../../run/evaluation/examine_labels.ts";
import { writeSuspects } from "../../run/evaluation/write_suspects.ts";
import { restrictWriting } from "../arguments/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { openTarget, STDOUT, type Target, writeTarget } from "./label.ts";

/** Runs the threads of cross-validation. */
export interface LabelThreads {
  /** The module of its threads: workers/folds.ts. */
  readonly foldsUrl: URL;
  readonly cores: number;
  /** Listens to interruptions, and returns the signal of the first one. */
  readonly interrupted?: () => AbortSignal;
}

/** Opens the file of --out, if there is one. Throws an InputError if it cannot have the rows of `sources`, or for one fold. */
export async function openLabelsTarget(
  { crossValidate, out, force }: { readonly crossValidate: number; readonly out: string; readonly force: boolean },
  sources: readonly string[],
): Promise<Target | undefined> {
  if (crossValidate === 1) {
    throw inputError("--cross-validate", "--cross-validate is 1: expected at least 2 folds, or 0");
  }
  if (out === "") {
    restrictWriting([]);
    return undefined;
  }
  const [source, ...others] = sources;
  const why = crossValidate === 0
    ? "needs --cross-validate, such as --cross-validate 5"
    : out === STDOUT
    ? "needs a file, as standard output has the report"
    : source === STDOUT || others.length > 0 || !await isFile(source!)
    ? "takes the rows of one file, which is read twice"
    : undefined;
  if (why) throw inputError("--out", `--out ${why}`);
  return await openTarget(out, force);
}

/** Tells whether `path` can be read twice, which a pipe cannot. A missing file is reported when it is read. */
async function isFile(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isFile(), () => true);
}

/** Cross-validates `data`, which `options` say how to read, and writes its rows to `target`, if there is one. */
export async function checkLabels(
  data: LoadedData,
  options: Omit<ExaminationOptions, "threads">,
  target: Target | undefined,
  terminal: Terminal,
  { foldsUrl, cores, interrupted }: LabelThreads,
): Promise<Examination> {
  const stop = new AbortController();
  interrupted?.().addEventListener("abort", () => stop.abort(new Error("Interrupted: nothing was written")));
  const onProgress = (share: number) => terminal.live(`Cross-validation: ${percent(share, 0)}`);
  const threads = { url: foldsUrl, cores, onProgress, signal: stop.signal };
  const { examination, findingsOf } = await examineLabels(data, { ...options, threads });
  const source = data.statistics.sources.find(({ role }) => role === "training")!;
  if (target) {
    await writeTarget(
      target,
      (write) =>
        writeSuspects(source, { ...options, ...readingOf(data.preprocessing.columns) }, findingsOf, async (text) => {
          stop.signal.throwIfAborted();
          await write(text);
        }),
    );
  }
  return examination;
}
