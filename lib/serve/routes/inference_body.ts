/** Reads the tensors of an Open Inference Protocol request as sequences, and turns an answer into output tensors. */
import { counted } from "../../base/counted.ts";
import { z } from "@hono/zod-openapi";
import { describe, shortened } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import type { Column } from "../../formats/columns.ts";
import { mapInTurns } from "../../base/turns.ts";
import type { Answer, Input, ModelShape, Reader } from "../../predict/types.ts";
import { readReject, readTop } from "./answer_options.ts";
import { checkProbabilities } from "./prediction_body.ts";

/** Ignored, so its content is not checked: thousands of keys would take longer than all the rest. */
const anyObject = z.unknown().optional().openapi({ type: "object", additionalProperties: true });

const tensorSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).min(1).max(2),
  datatype: z.string(),
  parameters: anyObject,
  data: z.array(z.unknown()),
});

/** Limits the tensors of a request: one for each column. */
const MOST_INPUTS = 100;

type Tensor = z.infer<typeof tensorSchema>;

export const inferenceSchema = z.object({
  id: z.string().optional(),
  parameters: anyObject.openapi({ description: "`reject` and `top` are read, as in /predict" }),
  inputs: z.array(tensorSchema).min(1).max(MOST_INPUTS),
  outputs: z.array(z.object({ name: z.string() })).optional(),
}).openapi("InferenceRequest");

export const inferenceAnswerSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()),
  outputs: z.array(tensorSchema),
}).openapi("InferenceAnswer");

const OUTPUTS = ["label", "class", "labels", "probabilities", "top_labels", "top_probabilities"] as const;
type Output = typeof OUTPUTS[number];

/** Tells whether a model has an output: either `labels`, as a list in JSON, or `label` and `class`. */
function isOutput(name: Output, several: boolean): boolean {
  return name === "labels" ? several : !several || name !== "label" && name !== "class";
}

/** Limit of requested outputs, which may repeat. */
const MOST_OUTPUTS = 16;

interface InferenceRequest {
  readonly id: string | undefined;
  readonly sequences: readonly Input[];
  readonly options: { readonly reject?: number | undefined; readonly top?: number | undefined };
  /** Names of the requested outputs. */
  readonly outputs: readonly Output[];
}

/** Parses the body. Throws an InputError with its first error. Yields to other requests during a long body. */
export async function parseInference(
  body: unknown,
  reader: Reader,
  maxInstances: number,
  { labels, several = false }: Pick<ModelShape, "labels" | "several">,
): Promise<InferenceRequest> {
  checkSizes(body);
  const parsed = inferenceSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw inputError(
      issue.path.join(".") || "body",
      `${issue.path.join(".") || "the body"}: ${shortened(issue.message)}`,
    );
  }
  const { id, inputs, outputs } = parsed.data;
  if (!reader.columns && inputs.length > 2) {
    throw inputError("inputs", `inputs has ${inputs.length} elements: expected at most 2`);
  }
  const sequences = reader.columns
    ? await fieldSequences(inputs, reader, reader.columns, maxInstances)
    : await (reader.text && !inputs.some(({ name }) => name === "tokens")
      ? textSequences(inputs, reader, maxInstances)
      : tokenSequences(inputs, reader, maxInstances));
  const parameter = (name: string) => memberOf(body, "parameters", name);
  const top = readTop(parameter("top"), "parameters.top");
  const possible = OUTPUTS.filter((name) => isOutput(name, several) && (top !== undefined || !name.startsWith("top_")));
  const usual = possible.filter((name) => top === undefined || name !== "probabilities");
  const unknown = outputs?.find(({ name }) => !possible.some((output) => output === name));
  if (unknown) {
    const message = `outputs has the unknown name ${describe(unknown.name)}: expected ${possible.join(", ")}`;
    throw inputError("outputs", message);
  }
  const names = outputs ? possible.filter((output) => outputs.some(({ name }) => name === output)) : usual;
  if (names.includes("probabilities")) checkProbabilities(sequences.length, labels.length);
  return {
    id,
    sequences,
    options: { reject: readReject(parameter("reject"), "parameters.reject"), top },
    outputs: names,
  };
}

/** Throws an InputError for lists longer than any valid one, before the schema visits all elements. */
function checkSizes(body: unknown): void {
  const check = (field: string, most: number, value: unknown) => {
    if (!Array.isArray(value) || value.length <= most) return;
    throw inputError(field, `${field} has ${value.length} elements: expected at most ${most}`);
  };
  check("outputs", MOST_OUTPUTS, memberOf(body, "outputs"));
  const inputs = memberOf(body, "inputs");
  check("inputs", MOST_INPUTS, inputs);
  if (Array.isArray(inputs)) { for (const input of inputs) check("shape", 2, memberOf(input, "shape")); }
}

/** Returns the value in nested objects, undefined if there is none. */
function memberOf(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => inner instanceof Object ? Reflect.get(inner, key) : undefined, value);
}

/** Reads the input of a text model: one tensor with a text per sequence. */
function textSequences(
  inputs: readonly Tensor[],
  reader: Reader,
  maxInstances: number,
): Promise<Input[]> {
  const [text, second] = inputs;
  const unknown = text?.name !== "text" ? text : second;
  if (!text || unknown) {
    throw inputError("inputs", `inputs has the unknown name ${describe(unknown?.name)}: expected text, or tokens`);
  }
  if (text.datatype !== "BYTES") {
    throw inputError("text.datatype", `text has the datatype ${describe(text.datatype)}: expected BYTES`);
  }
  const [rows = 0, width = 1] = text.shape;
  if (width !== 1) {
    throw inputError("text.shape", `text has the shape [${text.shape}]: expected [sequences], or [sequences, 1]`);
  }
  if (rows < 1 || rows > maxInstances) {
    throw inputError("text.shape", `text has ${counted(rows, "sequence")}: expected 1 to ${maxInstances}`);
  }
  const texts = flattened("text", text, rows, 1);
  return mapInTurns(texts, (value, row) => reader.readText(value, `text[${row}]`));
}

/** Reads the inputs of a model of several columns: a tensor of shape [sequences] for each column, by its name. */
function fieldSequences(
  inputs: readonly Tensor[],
  reader: Reader,
  columns: readonly Column[],
  maxInstances: number,
): Promise<Input[]> {
  const rows = inputs[0]!.shape[0] ?? 0;
  if (rows < 1 || rows > maxInstances) {
    throw inputError("shape", `${inputs[0]!.name} has ${counted(rows, "sequence")}: expected 1 to ${maxInstances}`);
  }
  const tensors = columns.map(({ name, kind }) => {
    const tensor = inputs.find((input) => input.name === name);
    if (!tensor) throw inputError("inputs", `inputs has no ${describe(name)}: expected a tensor for each column`);
    const isNumber = /^(?:FP|U?INT)\d+$/.test(tensor.datatype) && kind !== "text";
    if (tensor.datatype !== "BYTES" && !isNumber) {
      const wanted = kind === "text" ? "BYTES" : "BYTES, or that of a number such as FP64";
      const message = `${name} has the datatype ${describe(tensor.datatype)}: expected ${wanted}`;
      throw inputError(`${name}.datatype`, message);
    }
    return [name, flattened(name, tensor, rows, 1)] as const;
  });
  if (inputs.length > columns.length) {
    const other = inputs.find(({ name }) => !columns.some((column) => column.name === name)) ?? inputs.at(-1);
    throw inputError(
      "inputs",
      `inputs has the unknown name ${describe(other?.name)}: expected a tensor for each column`,
    );
  }
  return mapInTurns(Array.from({ length: rows }), (_, row) => {
    return reader.readFields(Object.fromEntries(tensors.map(([name, values]) => [name, values[row]])), `row[${row}]`);
  });
}

/** Reads tokens, as names for a text model and otherwise as ids; `lengths` gives the unpadded length of each row. */
function tokenSequences(
  inputs: readonly Tensor[],
  reader: Reader,
  maxInstances: number,
): Promise<Input[]> {
  const tensor = (name: string) => inputs.find((input) => input.name === name);
  const unknown = inputs.find(({ name }) => name !== "tokens" && name !== "lengths");
  if (unknown) {
    throw inputError("inputs", `inputs has the unknown name ${describe(unknown.name)}: expected tokens, or lengths`);
  }
  const tokens = tensor("tokens");
  if (!tokens) throw inputError("inputs", "inputs has no tokens: expected a tensor of shape [sequences, length]");
  const [rows, width] = tokens.shape;
  if (rows === undefined || width === undefined) {
    throw inputError("tokens.shape", `tokens has the shape [${tokens.shape}]: expected [sequences, length]`);
  }
  if (rows < 1 || rows > maxInstances) {
    throw inputError("tokens.shape", `tokens has ${counted(rows, "sequence")}: expected 1 to ${maxInstances}`);
  }
  const flat = reader.text ? names("tokens", tokens, rows, width) : elements("tokens", tokens, rows, width);
  const lengths = tensor("lengths");
  const counts = lengths && elements("lengths", lengths, rows, 1);
  return mapInTurns(Array.from({ length: rows }), (_, row) => {
    const count = counts?.[row] ?? width;
    const sequence = flat.slice(row * width, row * width + Math.min(width, count));
    return reader.readTokens(sequence, `tokens[${row}]`);
  });
}

/** Returns the integers of a tensor, whose data may be nested or flat. */
function elements(name: string, tensor: Tensor, rows: number, width: number): number[] {
  const { datatype } = tensor;
  if (datatype !== "INT64" && datatype !== "INT32") {
    throw inputError(`${name}.datatype`, `${name} has the datatype ${describe(datatype)}: expected INT64 or INT32`);
  }
  return flattened(name, tensor, rows, width).map((value) => {
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw inputError(`${name}.data`, `${name} holds ${describe(value)}: expected whole numbers`);
  });
}

/** Returns the texts of a tensor, whose data may be nested or flat. */
function names(name: string, tensor: Tensor, rows: number, width: number): string[] {
  const { datatype } = tensor;
  if (datatype !== "BYTES") {
    const message = `${name} has the datatype ${describe(datatype)}: expected BYTES, as this model's tokens have names`;
    throw inputError(`${name}.datatype`, message);
  }
  return flattened(name, tensor, rows, width).map((value) => {
    if (typeof value === "string") return value;
    throw inputError(`${name}.data`, `${name} holds ${describe(value)}: expected texts`);
  });
}

/** Returns the elements of a tensor in order. The protocol allows flat data, and a list for each row. */
function flattened(name: string, { data }: Tensor, rows: number, width: number): readonly unknown[] {
  const isNested = Array.isArray(data[0]);
  const flat = isNested ? data.flat(1) : data;
  if (flat.length !== rows * width) {
    throw inputError(`${name}.data`, `${name} has ${flat.length} elements: expected ${rows * width}, by its shape`);
  }
  const odd = isNested ? data.findIndex((row) => !Array.isArray(row) || row.length !== width) : -1;
  if (odd < 0) return flat;
  const message = `${name}.data[${odd}] is ${describe(data[odd])}: expected a list of ${width}, by its shape`;
  throw inputError(`${name}.data`, message);
}

/** Returns the body of the answer, for model `name`. */
export function inferenceAnswer(
  { id, outputs }: Pick<InferenceRequest, "id" | "outputs">,
  { round, digest, run, predictions }: Answer,
  name: string,
): z.infer<typeof inferenceAnswerSchema> {
  const column = (name: string, datatype: string, data: readonly unknown[]) => ({
    name,
    shape: [data.length],
    datatype,
    data: [...data],
  });
  const matrix = (name: string, datatype: string, rows: readonly (readonly unknown[])[]) => ({
    name,
    shape: [rows.length, rows[0]?.length ?? 0],
    datatype,
    data: rows.flat(),
  });
  const top = predictions.map(({ top = [] }) => top);
  const make: Readonly<Record<Output, (name: string) => Tensor>> = {
    label: (name) => column(name, "BYTES", predictions.map(({ label }) => label ?? "")),
    class: (name) => column(name, "INT64", predictions.map((one) => one.class ?? -1)),
    labels: (name) =>
      column(name, "BYTES", predictions.map(({ labels = [] }) => JSON.stringify(labels.map(({ label }) => label)))),
    probabilities: (name) => matrix(name, "FP32", predictions.map(({ probabilities }) => probabilities)),
    top_labels: (name) => matrix(name, "BYTES", top.map((row) => row.map(({ label }) => label))),
    top_probabilities: (name) => matrix(name, "FP32", top.map((row) => row.map(({ probability }) => probability))),
  };
  return {
    model_name: name,
    model_version: String(round),
    ...(id !== undefined && { id }),
    parameters: { run, digest },
    outputs: outputs.map((output) => make[output](output)),
  };
}
