/** Tensors of the Open Inference Protocol: from a request's to sequences, and from an answer to its outputs. */
import { counted } from "../../base/counted.ts";
import { z } from "@hono/zod-openapi";
import { describe } from "../../data/batches/check_tokens.ts";
import { InputError } from "../../base/errors.ts";
import { shortened } from "../../base/printable.ts";
import { mapInTurns } from "../../base/turns.ts";
import type { Answer, Input, Reader } from "../../predict/types.ts";

/** Nobody reads what is in it: to look at thousands of keys would take longer than all else. */
const anyObject = z.unknown().optional().openapi({ type: "object", additionalProperties: true });

const tensorSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).min(1).max(2),
  datatype: z.string(),
  parameters: anyObject,
  data: z.array(z.unknown()),
});

type Tensor = z.infer<typeof tensorSchema>;

export const inferenceSchema = z.object({
  id: z.string().optional(),
  parameters: anyObject,
  inputs: z.array(tensorSchema).min(1).max(2),
  outputs: z.array(z.object({ name: z.string() })).optional(),
}).openapi("InferenceRequest");

export const inferenceAnswerSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()),
  outputs: z.array(tensorSchema),
}).openapi("InferenceAnswer");

export const OUTPUTS = ["label", "class", "probabilities"] as const;

/** Names of outputs that may be asked for, some perhaps twice. */
const MOST_OUTPUTS = 16;

export interface InferenceRequest {
  readonly id: string | undefined;
  readonly sequences: readonly Input[];
  /** Names of the outputs that are wanted. */
  readonly outputs: readonly string[];
}

/** Throws an InputError that says the first thing that is wrong. Lets others have their turn where there is much to read. */
export async function parseInference(
  body: unknown,
  reader: Reader,
  maxInstances: number,
): Promise<InferenceRequest> {
  checkSizes(body);
  const parsed = inferenceSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw wrong(issue.path.join(".") || "body", `${issue.path.join(".") || "the body"}: ${shortened(issue.message)}`);
  }
  const { id, inputs, outputs } = parsed.data;
  const sequences =
    await (reader.text && !inputs.some(({ name }) => name === "tokens")
      ? textSequences(inputs, reader, maxInstances)
      : tokenSequences(inputs, reader, maxInstances));
  const names = outputs?.map(({ name }) => name) ?? OUTPUTS;
  const unknown = names.find((name) => !OUTPUTS.some((output) => output === name));
  if (unknown !== undefined) {
    throw wrong("outputs", `there is no output ${describe(unknown)}: expected ${OUTPUTS.join(", ")}`);
  }
  return { id, sequences, outputs: names };
}

/** Throws an InputError for lists that are longer than any that means something: the schema would look at all of them. */
function checkSizes(body: unknown): void {
  const check = (field: string, most: number, value: unknown) => {
    if (!Array.isArray(value) || value.length <= most) return;
    throw wrong(field, `${field} has ${value.length} elements: expected at most ${most}`);
  };
  const of = (value: unknown, key: string): unknown => value instanceof Object ? Reflect.get(value, key) : undefined;
  check("outputs", MOST_OUTPUTS, of(body, "outputs"));
  const inputs = of(body, "inputs");
  check("inputs", 2, inputs);
  if (Array.isArray(inputs)) { for (const input of inputs) check("shape", 2, of(input, "shape")); }
}

/** Of a model of text: one input, a text for each sequence. */
function textSequences(
  inputs: readonly Tensor[],
  reader: Reader,
  maxInstances: number,
): Promise<Input[]> {
  const [text, second] = inputs;
  const stranger = text?.name !== "text" ? text : second;
  if (!text || stranger) {
    throw wrong("inputs", `there is no input ${describe(stranger?.name)}: expected text, or tokens`);
  }
  if (text.datatype !== "BYTES") {
    throw wrong("text.datatype", `text has the datatype ${describe(text.datatype)}: expected BYTES`);
  }
  const [rows = 0, width = 1] = text.shape;
  if (width !== 1) {
    throw wrong("text.shape", `text has the shape [${text.shape}]: expected [sequences], or [sequences, 1]`);
  }
  if (rows < 1 || rows > maxInstances) {
    throw wrong("text.shape", `text has ${counted(rows, "sequence")}: expected 1 to ${maxInstances}`);
  }
  const texts = flattened("text", text, rows, 1);
  return mapInTurns(texts, (value, row) => reader.readText(value, `text[${row}]`));
}

/** Tokens, by name of a model of text and else by id, and how many of each row are real. */
function tokenSequences(
  inputs: readonly Tensor[],
  reader: Reader,
  maxInstances: number,
): Promise<Input[]> {
  const tensor = (name: string) => inputs.find((input) => input.name === name);
  const stranger = inputs.find(({ name }) => name !== "tokens" && name !== "lengths");
  if (stranger) throw wrong("inputs", `there is no input ${describe(stranger.name)}: expected tokens, or lengths`);
  const tokens = tensor("tokens");
  if (!tokens) throw wrong("inputs", "there is no input tokens: expected one of shape [sequences, length]");
  const [rows, width] = tokens.shape;
  if (rows === undefined || width === undefined) {
    throw wrong("tokens.shape", `tokens has the shape [${tokens.shape}]: expected [sequences, length]`);
  }
  if (rows < 1 || rows > maxInstances) {
    throw wrong("tokens.shape", `tokens has ${counted(rows, "sequence")}: expected 1 to ${maxInstances}`);
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

/** The numbers of a tensor, which may come nested or flat. */
function elements(name: string, tensor: Tensor, rows: number, width: number): number[] {
  const { datatype } = tensor;
  if (datatype !== "INT64" && datatype !== "INT32") {
    throw wrong(`${name}.datatype`, `${name} has the datatype ${describe(datatype)}: expected INT64 or INT32`);
  }
  return flattened(name, tensor, rows, width).map((value) => {
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw wrong(`${name}.data`, `${name} holds ${describe(value)}: expected whole numbers`);
  });
}

/** The texts of a tensor, which may come nested or flat. */
function names(name: string, tensor: Tensor, rows: number, width: number): string[] {
  const { datatype } = tensor;
  if (datatype !== "BYTES") {
    const message = `${name} has the datatype ${describe(datatype)}: expected BYTES, as this model's tokens have names`;
    throw wrong(`${name}.datatype`, message);
  }
  return flattened(name, tensor, rows, width).map((value) => {
    if (typeof value === "string") return value;
    throw wrong(`${name}.data`, `${name} holds ${describe(value)}: expected texts`);
  });
}

/** The elements of a tensor in order: flat, or in a list for each row, as the protocol has both. */
function flattened(name: string, { data }: Tensor, rows: number, width: number): readonly unknown[] {
  const isNested = Array.isArray(data[0]);
  const flat = isNested ? data.flat(1) : data;
  if (flat.length !== rows * width) {
    throw wrong(`${name}.data`, `${name} has ${flat.length} elements: expected ${rows * width}, as its shape says`);
  }
  const odd = isNested ? data.findIndex((row) => !Array.isArray(row) || row.length !== width) : -1;
  if (odd < 0) return flat;
  const message = `${name}.data[${odd}] is ${describe(data[odd])}: expected a list of ${width}, as its shape says`;
  throw wrong(`${name}.data`, message);
}

/** What is answered, by `version` of model `name`. */
export function inferenceAnswer(
  { id, outputs }: InferenceRequest,
  { round, digest, run, predictions }: Answer,
  name: string,
): z.infer<typeof inferenceAnswerSchema> {
  const rows = predictions.length;
  const all = {
    label: { name: "label", shape: [rows], datatype: "BYTES", data: predictions.map(({ label }) => label) },
    class: { name: "class", shape: [rows], datatype: "INT64", data: predictions.map((prediction) => prediction.class) },
    probabilities: {
      name: "probabilities",
      shape: [rows, predictions[0]?.probabilities.length ?? 0],
      datatype: "FP32",
      data: predictions.flatMap(({ probabilities }) => probabilities),
    },
  };
  return {
    model_name: name,
    model_version: String(round),
    ...(id !== undefined && { id }),
    parameters: { run, digest },
    outputs: OUTPUTS.filter((output) => outputs.includes(output)).map((output) => all[output]),
  };
}

function wrong(field: string, message: string): InputError {
  return new InputError([{ field, message }]);
}
