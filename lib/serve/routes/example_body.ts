/** Reads the body of `POST /examples`: rows as `POST /predict` takes them, each with its label. */
import { isRecord } from "../../base/record.ts";
import { counted } from "../../base/counted.ts";
import { describe, shortened } from "../../base/printable.ts";
import { InputError, inputError, Problems } from "../../base/errors.ts";
import { whoSchema } from "../../config/notes_shape.ts";
import { labelForm } from "../../base/normal_form.ts";
import type { Labelling, NewExample } from "../../predict/labelling.ts";
import type { Input, Predictor } from "../../predict/types.ts";

/** Limits the examples of a request, the labels of one, and the characters of a label. */
const MOST_EXAMPLES = 1024;
const MOST_LABELS = 256;
const MOST_IN_LABEL = 200;

type Model = Pick<Predictor, "reader" | "shape">;
type Columns = Pick<Labelling, "textColumn" | "labelColumn">;

/** Reads the body for `model`, whose run names its columns so. Throws an InputError with all its errors. */
export function readExamples(body: unknown, model: Model, columns: Columns): NewExample[] {
  if (!isRecord(body)) {
    const form = '{"text": "…", "label": "…"} or {"examples": [...]}';
    throw inputError("body", `the body is ${describe(body)}: expected ${form}`);
  }
  const { who: given, ...rest } = body;
  const who = given === undefined ? undefined : whoSchema.safeParse(given);
  if (who && !who.success) {
    throw inputError("who", `who is ${describe(given)}: expected one line of at most 100 characters`);
  }
  const isList = Array.isArray(rest.examples) && Object.keys(rest).length === 1;
  const list: readonly unknown[] = isList && Array.isArray(rest.examples) ? rest.examples : [rest];
  if (list.length === 0 || list.length > MOST_EXAMPLES) {
    throw inputError("examples", `examples has ${counted(list.length, "row")}: expected 1 to ${MOST_EXAMPLES}`);
  }
  const problems = new Problems();
  const examples: NewExample[] = [];
  for (const [at, one] of list.entries()) {
    try {
      examples.push({ ...readExample(one, isList ? `examples[${at}]` : "", model, columns), who: who?.data });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.addAll(error);
    }
  }
  problems.check();
  return examples;
}

/** Returns the row of an example as UncertainInputs has it. */
export function inputOf(
  { row }: NewExample,
  { reader }: Pick<Model, "reader">,
  { textColumn, labelColumn }: Columns,
): Readonly<Record<string, unknown>> {
  const { [labelColumn]: _, ...input } = row;
  return reader.columns || !Object.hasOwn(input, textColumn) ? input : { text: input[textColumn] };
}

function readExample(
  value: unknown,
  field: string,
  model: Model,
  { textColumn, labelColumn }: Columns,
): Omit<NewExample, "who"> {
  if (!isRecord(value)) {
    throw inputError(field, `${field} is ${describe(value)}: expected an object with a row and its label`);
  }
  const { label, ...row } = value;
  const { several = false } = model.shape;
  const labels = readLabels(label, field === "" ? "label" : `${field}.label`, several);
  return { row: { ...readRow(row, field, model, textColumn), [labelColumn]: several ? labels : labels[0]! }, labels };
}

/** Reads a row as `POST /predict` does, and names its keys as the files of the run do. */
function readRow(
  row: Readonly<Record<string, unknown>>,
  field: string,
  { reader }: Pick<Model, "reader">,
  textColumn: string,
): Record<string, unknown> {
  const nameOf = (key: string) => field === "" ? key : `${field}.${key}`;
  const asRow = (input: Input): Record<string, unknown> => {
    if (typeof input === "string") return { [textColumn]: input };
    if (!("fields" in input)) return { tokens: input };
    return Object.fromEntries(input.fields.map((value, at) => [reader.columns![at]!.name, value]));
  };
  if (reader.columns) return asRow(reader.readFields(row, field));
  const keys = Object.keys(row);
  const wrong = keys.find((key) => key !== "text" && key !== "tokens");
  const form = '{"text": "…", "label": "…"}';
  if (wrong !== undefined) {
    const name = shortened(nameOf(wrong));
    throw inputError(name, `${name} is not known: expected ${form}`);
  }
  if (keys.length !== 1) {
    const found = keys.length === 0 ? "no text" : "both text and tokens";
    throw inputError(field || "body", `${field || "the body"} has ${found}: expected ${form}`);
  }
  if ("text" in row) return asRow(reader.readText(row.text, nameOf("text")));
  reader.readTokens(row.tokens, nameOf("tokens"));
  // The reader cuts long lists; numbers keep their digits.
  return { tokens: Array.isArray(row.tokens) ? row.tokens.map(String) : [] };
}

function readLabels(value: unknown, field: string, several: boolean): string[] {
  const list: readonly unknown[] = several && Array.isArray(value) ? value : [value];
  if (list.length > MOST_LABELS) {
    throw inputError(field, `${field} has ${counted(list.length, "label")}: expected at most ${MOST_LABELS}`);
  }
  return [...new Set(list.map((one) => readLabel(one, field)))];
}

/** Reads a label by the same rules as that of a file. */
function readLabel(value: unknown, field: string): string {
  const isLabel = ["string", "number", "boolean"].includes(typeof value);
  const label = isLabel ? labelForm(String(value)) : "";
  if (label !== "" && label.length <= MOST_IN_LABEL && !label.includes("\0")) return label;
  throw inputError(
    field,
    `${field} is ${
      describe(value)
    }: expected a label of 1 to ${MOST_IN_LABEL} characters, or a list of labels where a row ` +
      "may have several",
  );
}
