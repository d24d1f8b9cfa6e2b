/** Answers lines or rows on standard output, a line of JSON each. */
import { counted } from "../../base/counted.ts";
import { inputError } from "../../base/errors.ts";
import { printableJson } from "../../base/printable.ts";
import type { Question } from "../../predict/questions.ts";
import type { Input, Prediction } from "../../predict/types.ts";
import { ExitCode } from "../exit_codes.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Predicts at most this many lines or rows in one call. */
export const BATCH = 256;

/** Returns the JSON for a prediction; `row` counts all questions from 1. */
export type Answerer = (answer: Prediction, question: Question, row: number) => object;

/**
 * Prints a line of JSON for each question, in order, and reads on when it was taken. Throws an InputError at the end if some
 * were refused, or with the rule `stop` at the first one; with `skip` only the answers tell.
 */
export async function answerAll(
  batches: AsyncIterable<readonly Question[]>,
  predict: (inputs: readonly Input[]) => Prediction[],
  answerer: Answerer,
  { send }: Terminal,
  rule: "keep" | "stop" | "skip" = "keep",
): Promise<ExitCode> {
  let rows = 0;
  let refused = 0;
  let first = "";
  const refusal = () => {
    const were = refused === 1 ? "was" : "were";
    return inputError("line", `${refused} of ${counted(rows, "line")} ${were} refused, the first: ${first}`);
  };
  for await (const batch of batches) {
    for (let begin = 0; begin < batch.length; begin += BATCH) {
      const end = rule === "stop" ? batch.findIndex((question) => "error" in question) + 1 || undefined : undefined;
      const questions = batch.slice(begin, Math.min(begin + BATCH, end ?? Infinity));
      const answers = predict(questions.flatMap((question) => "input" in question ? [question.input] : []));
      let answered = 0;
      const lines = questions.map((question) => {
        rows++;
        if ("input" in question) return printableJson(answerer(answers[answered++]!, question, rows));
        if (refused++ === 0) first = question.error;
        return printableJson({ line: question.line, error: question.error });
      });
      await send(`${lines.join("\n")}\n`);
      if (refused > 0 && rule === "stop") throw refusal();
    }
  }
  if (refused === 0 || rule === "skip") return ExitCode.done;
  throw refusal();
}
