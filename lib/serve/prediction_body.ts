/** From the body of `POST /predict` to sequences, and from the predictor's answer to the body of the response. */
import { z } from "@hono/zod-openapi";
import { describe, sequenceProblem, type SequenceShape } from "../data/sequences.ts";
import { InputError, type Problem } from "../errors.ts";
import type { Answer } from "../predict/types.ts";

export interface PredictRequest {
  readonly sequences: readonly (readonly number[])[];
  /** Whether one was asked for by `tokens`: its prediction then stands in the answer itself. */
  readonly single: boolean;
}

const EXPECTED = 'expected {"tokens": [...]} or {"instances": [...]}';

const instanceList = z.array(z.unknown(), {
  error: ({ input }) => `instances is ${describe(input)}: expected a list of sequences`,
});
const bodySchema = z.strictObject({ tokens: z.unknown(), instances: instanceList }).partial();
const instanceSchema = z.strictObject({ tokens: z.unknown() }).partial();

/** The body for a model of `shape`, for the document: what the schemas above leave to `sequenceProblem` is said here. */
export function predictSchema({ vocabulary, length }: SequenceShape, maxInstances: number): z.ZodType {
  const items = { type: "integer" as const, minimum: 0, maximum: vocabulary - 1 };
  const tokens = z.unknown().openapi({ type: "array", items, minItems: length, maxItems: length });
  const instance = z.union([tokens, instanceSchema.extend({ tokens })]);
  const instances = z.array(instance).min(1).max(maxInstances);
  return bodySchema.extend({ tokens: tokens.optional(), instances: instances.optional() }).openapi("PredictRequest", {
    description: "Either tokens or instances",
  });
}

const predictionSchema = z.object({ class: z.int(), label: z.string(), probabilities: z.array(z.number()) })
  .openapi("Prediction");
const versionShape = { run: z.string(), round: z.int(), digest: z.string() };

/** What is answered: one prediction for `tokens`, a list for `instances`. */
export const answerSchema = z.union([
  predictionSchema.extend(versionShape),
  z.object({ ...versionShape, predictions: z.array(predictionSchema) }),
]).openapi("PredictAnswer");

/** Throws an InputError that names everything wrong with `body`. */
export function parsePredict(body: unknown, shape: SequenceShape, maxInstances: number): PredictRequest {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw new InputError(structureProblems(parsed.error, body, "", EXPECTED));
  const { tokens, instances } = parsed.data;
  const single = "tokens" in parsed.data;
  if (single === (instances !== undefined)) {
    throw one("body", `the body has ${single ? "both tokens and instances" : "no tokens"}: ${EXPECTED}`);
  }
  if (instances && (instances.length === 0 || instances.length > maxInstances)) {
    throw one("instances", `instances has ${instances.length} sequences: expected 1 to ${maxInstances}`);
  }
  const problems: Problem[] = [];
  const sequences: (readonly number[])[] = [];
  const add = (value: unknown, field: string) => {
    if (isSequence(value, shape)) sequences.push(value);
    else problems.push(...asList(sequenceProblem(value, shape, field)));
  };
  if (!instances) add(tokens, "tokens");
  instances?.forEach((instance, index) => {
    const field = `instances[${index}]`;
    if (Array.isArray(instance)) return add(instance, field);
    const { success, data, error } = instanceSchema.safeParse(instance);
    if (success) add(data.tokens, `${field}.tokens`);
    else problems.push(...structureProblems(error, instance, field, 'expected a list of tokens or {"tokens": [...]}'));
  });
  if (problems.length > 0) throw new InputError(problems);
  return { sequences, single };
}

/** What `POST /predict` answers. */
export function predictionBody(
  { run, round, digest, predictions }: Answer,
  { sequences, single }: PredictRequest,
): Record<string, unknown> {
  if (predictions.length !== sequences.length) {
    throw new Error(`The predictor answered ${sequences.length} sequences with ${predictions.length} predictions`);
  }
  return single ? { run, round, digest, ...predictions[0] } : { run, round, digest, predictions };
}

/** What the Server-Timing header says: milliseconds in the queue, and of the batch's computation. */
export function serverTiming({ queueMs, computeMs }: Answer): string {
  return `queue;dur=${queueMs.toFixed(3)}, compute;dur=${computeMs.toFixed(3)}`;
}

function isSequence(value: unknown, shape: SequenceShape): value is readonly number[] {
  return sequenceProblem(value, shape, "") === undefined;
}

/** Problems of the object `value` at `field` ("" for the body) itself: unknown keys, or not such an object at all. */
function structureProblems(error: z.ZodError, value: unknown, field: string, expected: string): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const name = shorten(field ? `${field}.${key}` : key);
        return { field: name, message: `${name} is not known: ${expected}` };
      });
    }
    if (issue.path.length > 0) return { field: issue.path.join("."), message: issue.message };
    const name = field || "body";
    return { field: name, message: `${field || "the body"} is ${describe(value)}: ${expected}` };
  });
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function asList(problem: Problem | undefined): Problem[] {
  return problem ? [problem] : [];
}

function one(field: string, message: string): InputError {
  return new InputError([{ field, message }]);
}
