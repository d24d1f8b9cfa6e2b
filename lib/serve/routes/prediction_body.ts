/** Reads the body of `POST /predict` as inputs, and turns the predictor's answer into the body of the response. */
import { counted } from "../../base/counted.ts";
import { z } from "@hono/zod-openapi";
import { describe, shortened } from "../../base/printable.ts";
import { formOf } from "../../formats/columns.ts";
import { InputError, inputError, Problems } from "../../base/errors.ts";
import type { Answer, Input, ModelShape, PredictOptions, Reader } from "../../predict/types.ts";
import { MOST_EXPLAINED } from "../../predict/types.ts";
import { mapInTurns } from "../../base/turns.ts";
import { shownAnswer } from "../../standalone/answers.ts";
import { checkExplainable } from "../../standalone/explain.ts";
import { readReject, readTop, rejectSchema, topSchema } from "./answer_options.ts";

interface PredictRequest extends Pick<PredictOptions, "reject" | "top" | "probabilities" | "explain"> {
  readonly inputs: readonly Input[];
  /** True for a body with `text` or `tokens`: the answer is then its prediction, not a list. */
  readonly single: boolean;
}

const expected = ({ text, columns }: Reader) =>
  columns
    ? `expected ${formOf(columns)} or {"instances": [...]}`
    : `expected ${text ? '{"text": "..."}, ' : ""}{"tokens": [...]} or {"instances": [...]}`;

const instanceList = z.array(z.unknown(), {
  error: ({ input }) => `instances is ${describe(input)}: expected a list of sequences`,
});
function flagSchema(name: string) {
  return z.boolean({ error: ({ input }) => `${name} is ${describe(input)}: expected true or false` }).optional();
}

const instanceSchema = z.strictObject({ text: z.unknown(), tokens: z.unknown() }).partial();
const bodySchema = instanceSchema.extend({
  instances: instanceList.optional(),
  reject: z.unknown(),
  top: z.unknown(),
  probabilities: flagSchema("probabilities"),
  explain: flagSchema("explain"),
}).partial();

/** The body for a model of several columns, whose fields are beside the options. */
const columnsSchema = bodySchema.loose();

/** Tells a key that is a field of columns, and not an option. */
const isText = (key: string) => Object.hasOwn(instanceSchema.shape, key);

const listSchema = z.boolean().optional().openapi({
  description: "Whether predictions have all `probabilities`: false by default where `top` is given",
});

const explainSchema = z.boolean().optional().openapi({
  description:
    "Whether predictions have `reasons`: what each token adds to the answer against the second most probable one",
});

/** Limits the probabilities in an answer: as JSON they have about 40 MB. */
const MOST_PROBABILITIES = 2 ** 21;

/** The parameters of `GET /predict`. */
export const predictQuery = z.object({
  text: z.string().optional().openapi({ description: "A text to classify" }),
  tokens: z.string().optional().openapi({ description: "Tokens with commas between them, instead of a text" }),
  reject: rejectSchema.optional(),
  top: topSchema.optional(),
  probabilities: listSchema,
  explain: explainSchema,
});

/** Returns the body of `POST /predict` that asks the same as a query. Throws an InputError if it asks nothing. */
export function bodyOfQuery(
  query: URLSearchParams,
  { text, columns }: Pick<Reader, "text" | "columns">,
): Record<string, unknown> {
  const { tokens, reject, top, probabilities, explain, ...others } = Object.fromEntries(query);
  if (!columns && others.text === undefined && tokens === undefined) {
    const wanted = text ? "/predict?text=where is my parcel" : "/predict?tokens=1,2,3";
    throw inputError("query", `the query has no ${text ? "text" : "tokens"}: expected such as ${wanted}`);
  }
  const number = (value: string) => /^[\d.]+$/.test(value) ? Number(value) : value;
  const flag = (value: string) => ({ true: true, false: false })[value] ?? value;
  return {
    ...others,
    ...tokens !== undefined && { tokens: text ? tokens.split(",") : tokens.split(",").map(number) },
    ...reject !== undefined && { reject: number(reject) },
    ...top !== undefined && { top: number(top) },
    ...probabilities !== undefined && { probabilities: flag(probabilities) },
    ...explain !== undefined && { explain: flag(explain) },
  };
}

/** Describes the fields of a body; the reader checks them. */
const FIELDS = {
  text: z.unknown().openapi({ type: "string" }),
  number: z.unknown().openapi({ type: ["number", "string", "null"] }),
  category: z.unknown().openapi({ type: ["string", "number", "boolean", "null"] }),
} as const;

/** Describes the body for a model of `shape` in the OpenAPI document, with the parts that the reader checks. */
export function predictSchema({ vocabulary, length, text, columns }: ModelShape, maxInstances: number): z.ZodType {
  const id = { type: "integer" as const, minimum: 0, maximum: vocabulary - 1 };
  const tokens = text
    ? z.unknown().openapi({ type: "array", items: { type: ["string", "number"] }, minItems: 1 })
    : z.unknown().openapi({ type: "array", items: id, minItems: length, maxItems: length });
  const words = z.unknown().openapi({ type: "string" });
  const fields = columns && Object.fromEntries(columns.map(({ name, kind }) => [name, FIELDS[kind]]));
  const instance = fields
    ? z.strictObject(fields)
    : text
    ? z.union([words, tokens, z.strictObject({ text: words }), z.strictObject({ tokens })])
    : z.union([tokens, z.strictObject({ tokens })]);
  const instances = z.array(instance).min(1).max(maxInstances);
  const single = { tokens: tokens.optional(), ...text && { text: words.optional() } };
  const options = {
    reject: rejectSchema.optional(),
    top: topSchema.optional(),
    probabilities: listSchema,
    ...text && { explain: explainSchema },
  };
  const body = { ...fields ? z.object(fields).partial().shape : single, instances: instances.optional(), ...options };
  return z.strictObject(body).openapi("PredictRequest", {
    description: `One of ${fields ? "a field for each column" : Object.keys(single).join(", ")} and instances`,
  });
}

const rankedSchema = z.object({ label: z.string(), probability: z.number() });

const predictionSchema = z.object({
  class: z.int().nullable().optional(),
  label: z.string().nullable().optional().openapi({ description: "Null for none of the labels" }),
  labels: z.array(rankedSchema).optional().openapi({
    description: "In place of class and label, of a model whose rows may have several: those above their thresholds",
  }),
  rejected: z.object({ class: z.int(), label: z.string(), probability: z.number(), threshold: z.number() }).optional()
    .openapi({ description: "The most probable class, where its probability is below the threshold of an answer" }),
  probabilities: z.array(z.number()).optional().openapi({ description: "In the order of the model's labels" }),
  top: z.array(rankedSchema).optional()
    .openapi({ description: "The most probable labels, if the request wants some" }),
  reasons: z.object({
    label: z.string(),
    against: z.string().nullable(),
    logOdds: z.number(),
    rest: z.number(),
    tokens: z.array(z.object({
      token: z.string(),
      weight: z.number(),
      start: z.int().optional(),
      end: z.int().optional(),
    })),
    ngrams: z.array(z.object({ text: z.string(), weight: z.number() })),
  }).optional().openapi({
    description: "What each token adds to the log-odds of the answer, if the request wants to know",
  }),
  unknownShare: z.number().optional().openapi({
    description: "Fraction of a text's tokens that the model does not know",
  }),
  truncated: z.boolean().optional().openapi({ description: "True if the text is longer than the model reads" }),
}).openapi("Prediction");
const versionShape = { run: z.string(), round: z.int(), digest: z.string() };

/** The body of the answer: one prediction for `text` or `tokens`, a list for `instances`. */
export const answerSchema = z.union([
  predictionSchema.extend(versionShape),
  z.object({ ...versionShape, predictions: z.array(predictionSchema) }),
]).openapi("PredictAnswer");

/** Parses the body. Throws an InputError with all its errors. Yields to other requests during a long body. */
export function parsePredict(
  body: unknown,
  reader: Reader,
  maxInstances: number,
): PredictRequest | Promise<PredictRequest> {
  const usual = reader.columns ? undefined : usualTokens(body);
  return usual ? { inputs: [reader.readTokens(usual, "tokens")], single: true } : parseAny(body, reader, maxInstances);
}

async function parseAny(body: unknown, reader: Reader, maxInstances: number): Promise<PredictRequest> {
  const wanted = expected(reader);
  const schema = reader.columns ? columnsSchema : bodySchema;
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw structureError(parsed.error, body, "", wanted);
  const { instances, ...rest } = parsed.data;
  const top = readTop(parsed.data.top, "top");
  const { probabilities = top === undefined, explain } = parsed.data;
  const options = { reject: readReject(parsed.data.reject, "reject"), top, probabilities, explain };
  const asked = (["text", "tokens", "instances"] as const).filter((key) => key in parsed.data);
  if (reader.columns && !instances) {
    const fields = Object.entries(rest).filter(([key]) => !Object.hasOwn(bodySchema.shape, key) || isText(key));
    return { inputs: [reader.readFields(Object.fromEntries(fields), "")], ...options, single: true };
  }
  if (!reader.columns && asked.length !== 1) {
    const found = asked.length === 0 ? `no ${reader.text ? "text" : "tokens"}` : `both ${asked.join(" and ")}`;
    throw inputError("body", `the body has ${found}: ${wanted}`);
  }
  if (!instances) return { inputs: [readInstance(parsed.data, "", reader)], ...options, single: true };
  if (instances.length === 0 || instances.length > maxInstances) {
    throw inputError(
      "instances",
      `instances has ${counted(instances.length, "sequence")}: expected 1 to ${maxInstances}`,
    );
  }
  const problems = new Problems();
  const inputs: Input[] = [];
  await mapInTurns(instances, (instance, index) => {
    try {
      inputs.push(readInstance(instance, `instances[${index}]`, reader));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.addAll(error);
    }
  });
  problems.check();
  return { inputs, ...options, single: false };
}

/** Throws an InputError if a request asks for too many reasons, or for those that the model does not have. */
export function checkExplained(
  sequences: number,
  { text, labels, several }: Pick<ModelShape, "text" | "labels" | "several">,
): void {
  checkExplainable(text, labels.length, several);
  if (sequences <= MOST_EXPLAINED) return;
  const message = `explain is true for ${counted(sequences, "sequence")}: expected at most ${MOST_EXPLAINED}`;
  throw inputError("explain", message);
}

/** Throws an InputError if an answer with all probabilities of so many sequences would be too long. */
export function checkProbabilities(sequences: number, labels: number): void {
  const most = Math.max(1, Math.floor(MOST_PROBABILITIES / labels));
  if (sequences <= most) return;
  const message =
    `the answer to ${counted(sequences, "sequence")} has ${counted(labels, "probability", "probabilities")} ` +
    `for each: expected at most ${counted(most, "sequence")}, or "top", which leaves them out`;
  throw inputError("instances", message);
}

/** Returns the list of a body with only `tokens`, the usual one, which needs no schema. */
function usualTokens(body: unknown): readonly unknown[] | undefined {
  if (typeof body !== "object" || body === null || !("tokens" in body) || !Array.isArray(body.tokens)) return undefined;
  return Object.keys(body).length === 1 ? body.tokens : undefined;
}

/** Reads one sequence: a list of tokens, a text, or an object with either. `field` is "" for the body itself. */
function readInstance(value: unknown, field: string, reader: Reader): Input {
  if (reader.columns) return reader.readFields(value, field);
  if (Array.isArray(value)) return reader.readTokens(value, field);
  if (typeof value === "string" && reader.text) return reader.readText(value, field);
  const wanted = reader.text
    ? 'expected a text, a list of tokens, {"text": "..."} or {"tokens": [...]}'
    : 'expected a list of tokens or {"tokens": [...]}';
  // The body itself may also have `instances`, which are checked already.
  const { success, data, error } = field === "" ? bodySchema.safeParse(value) : instanceSchema.safeParse(value);
  if (!success) throw structureError(error, value, field, wanted);
  const name = (key: string) => field === "" ? key : `${field}.${key}`;
  if (!("text" in data)) return reader.readTokens(data.tokens, name("tokens"));
  if ("tokens" in data) throw inputError(field, `${field} has both text and tokens: ${wanted}`);
  return reader.readText(data.text, name("text"));
}

/** Returns the body of the response. */
export function predictionBody(
  { run, round, digest, predictions: all }: Answer,
  { inputs, probabilities, single }: Pick<PredictRequest, "inputs" | "probabilities" | "single">,
): Record<string, unknown> {
  const predictions = all.map((prediction) => shownAnswer(prediction, probabilities));
  if (predictions.length !== inputs.length) {
    throw new Error(
      `The predictor answered ${counted(inputs.length, "input")} with ${counted(predictions.length, "prediction")}`,
    );
  }
  return single ? { run, round, digest, ...predictions[0] } : { run, round, digest, predictions };
}

/** Returns the Server-Timing header: milliseconds in the queue, and of the batch's computation. */
export function serverTiming({ queueMs, computeMs }: Answer): string {
  return `queue;dur=${queueMs.toFixed(3)}, compute;dur=${computeMs.toFixed(3)}`;
}

/** Returns the errors of the object `value` at `field` ("" for the body): unknown keys, or another type. */
function structureError(error: z.ZodError, value: unknown, field: string, expected: string): InputError {
  const problems = new Problems();
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        problems.add(() => {
          const name = shortened(field ? `${field}.${key}` : key);
          return { field: name, message: `${name} is not known: ${expected}` };
        });
      }
      continue;
    }
    problems.add(() => {
      if (issue.path.length > 0) return { field: issue.path.join("."), message: issue.message };
      return { field: field || "body", message: `${field || "the body"} is ${describe(value)}: ${expected}` };
    });
  }
  return problems.error();
}
