/** `predict RUN --data FILE --out FILE` writes the rows of a file again, with their labels. */
import { counted } from "../../base/counted.ts";
import { dirname } from "node:path";
import { errorCode, inputError } from "../../base/errors.ts";
import { predictTable, type TableOptions, type TableSource } from "../../predict/table/predict_table.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { obstacleAt, temporaryFor, writePieces } from "../../run/files/files.ts";
import { cannotWrite, forCommandLine } from "../arguments/messages.ts";
import { mayWrite, restrictWriting } from "../arguments/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Stands for standard output. */
export const STDOUT = "-";

/** A file that is written under another name first. */
export interface Target {
  readonly path: string;
  readonly temporary: string;
}

/**
 * Checks that `out` can be written, and drops the permission to write anything else. Throws an InputError if it cannot, or
 * if it exists and `force` is not set. Returns undefined for standard output.
 */
export async function openTarget(out: string, force: boolean): Promise<Target | undefined> {
  const target = out === STDOUT ? undefined : { path: out, temporary: temporaryFor(out) };
  restrictWriting(target ? [target.path, target.temporary] : []);
  if (!target) return undefined;
  const obstacle = await obstacleAt(out, force);
  if (obstacle) throw notWritten(out, obstacle === "it exists" ? "it exists. Use --force to replace it" : obstacle);
  if (!mayWrite(out)) throw cannotWrite(dirname(out), "--out");
  return target;
}

function notWritten(out: string, why: string): Error {
  return inputError("--out", `Cannot write to "${out}": ${why}`);
}

/**
 * Writes the rows of `source` with the labels of `model` to `target`, or to standard output without one, and says how many.
 * Leaves no file if that fails, or if `interrupted` aborts.
 */
export async function labelRows(
  { model, source, target, options }: {
    readonly model: TrainedModel;
    readonly source: TableSource;
    readonly target: Target | undefined;
    readonly options: TableOptions;
  },
  { terminal, interrupted }: { readonly terminal: Terminal; readonly interrupted?: (() => AbortSignal) | undefined },
): Promise<void> {
  const { rows, bad, rejected, warnings } = target
    ? await writeTarget(target, (write) => {
      const onRows = (rows: number) => terminal.live(counted(rows, "row"));
      const labelling = predictTable(model, source, { ...options, onRows }, write);
      return interrupted ? Promise.race([labelling, rejection(interrupted())]) : labelling;
    })
    : await predictTable(model, source, options, terminal.data);
  for (const warning of warnings) terminal.note(`warning: ${forCommandLine(warning)}`);
  const without = [
    ...rejected > 0 ? [`${counted(rejected, "row")} without a label`] : [],
    ...bad > 0 ? [`${counted(bad, "bad row")}`] : [],
  ];
  const written = `Wrote ${counted(rows, "row")}${target ? ` to ${target.path}` : ""}`;
  // Standard output has the rows.
  (target ? terminal.line : terminal.note)([written, ...without].join(", "));
}

/** Writes the pieces that `produce` passes on to `target`, whole or not at all. Returns what it returns. */
export function writeTarget<Result>(
  { path, temporary }: Target,
  produce: (write: (text: string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  return writePieces(path, produce, temporary).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") throw notWritten(path, `there is no folder "${dirname(path)}"`);
    throw error;
  });
}

/** Rejects when `signal` aborts. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("Interrupted: nothing was written")));
  });
}
