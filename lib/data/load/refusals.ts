/** What makes data unfit to learn from, and what is only worth a warning. */
import { counted } from "../../base/counted.ts";
import type { Problem } from "../../base/errors.ts";
import type { DataStatistics } from "../statistics.ts";
import { labelWarnings } from "./label_warnings.ts";
import type { Encoder } from "../encode/encode_sources.ts";
import { sourceName } from "../formats/bytes.ts";
import type { LoadedData, LoadOptions } from "./loaded_data.ts";
import { chosenMinCount } from "../vocabulary/choose_vocabulary.ts";
import { FIRST_KNOWN } from "../vocabulary/vocabulary.ts";

/** More classes than this, with hardly two rows for each, are no classes. */
const MANY_CLASSES = 100;

/** Why nothing can be learnt from `data`; empty if something can. */
export function refusals(data: LoadedData, options: LoadOptions): Problem[] {
  const { statistics } = data;
  const { parts, classes } = statistics;
  const { textColumn, labelColumn, minCount, validation, test } = options;
  const rows = data.training.statistics.rows + (data.validation?.statistics.rows ?? 0);
  const refuse = (field: string, message: string) => [{ field, message }];
  const sources = options.sources.map(sourceName).join(", ");
  if (data.training.statistics.rows === 0) return refuse("data", `${sources}: no row to train on`);
  if (classes.length === 1) {
    const only = JSON.stringify(classes[0]!.label);
    const rowsHave = rows === 1 ? "the only row has" : `all ${counted(rows, "row")} have`;
    return refuse("data", `${sources}: ${rowsHave} the label ${only}, expected at least two classes`);
  }
  if (classes.length > MANY_CLASSES && 2 * classes.length > rows) {
    return refuse(
      "labelColumn",
      `${sources}: ${counted(classes.length, "different label")} in ${
        counted(rows, "row")
      }: is "${labelColumn}" the column of labels?`,
    );
  }
  const problems: Problem[] = [];
  if (data.vocabulary === FIRST_KNOWN) {
    const least = chosenMinCount(minCount, data.training.statistics.rows);
    problems.push(
      statistics.vocabulary.distinct === 0
        ? { field: "data", message: `${sources}: no training row has a token: is "${textColumn}" the column of texts?` }
        : {
          field: "minCount",
          message: `${sources}: no token occurs ${counted(least, "time")} in the training rows: set \`minCount\` to 1`,
        },
    );
  }
  for (const [role, source] of [["validation", validation], ["test", test]] as const) {
    if (typeof source === "string" && source !== "" && (parts[role]?.rows ?? 0) === 0) {
      problems.push({ field: role, message: `${sourceName(source)}: no row for ${role}` });
    }
  }
  if (typeof validation === "number" && validation > 0 && !data.validation) {
    problems.push({
      field: "validation",
      message:
        `${sources}: no class has two rows, so the validation set is empty: set \`validation\` to 0 or to a file`,
    });
  }
  return problems;
}

/** Rows below which an accuracy is off by ten points and more either way. */
const FEW_ROWS = 20;

/** What may be a mistake in data that can be used. */
export function warnings(
  { tokens, duplicates, warnings: { messages } }: Encoder,
  classes: DataStatistics["classes"],
  { validation }: Pick<LoadedData, "validation">,
): string[] {
  const found = [...messages, ...labelWarnings(classes)];
  const rows = validation?.statistics.rows ?? FEW_ROWS;
  if (rows < FEW_ROWS) {
    found.push(
      `${
        counted(rows, "validation row: its accuracy says", "validation rows: their accuracy says")
      } next to nothing of a model; use more rows, a greater \`validation\`, or a file of validation rows`,
    );
  }
  if (tokens.forgotten > 0) {
    found.push(
      `${
        counted(tokens.forgotten, "rare token was", "rare tokens were")
      } forgotten, and so unknown: more than can be told apart`,
    );
  }
  if (!duplicates.isWhole) found.push("duplicates were looked for among the first four million different rows only");
  return found;
}
