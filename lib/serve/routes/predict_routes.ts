/** Serves `/model` and `/predict`. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { COLUMN_KINDS } from "../../formats/columns.ts";
import { bodyOf, readJsonBody } from "../pipeline/body.ts";
import { bareJson } from "../pipeline/front.ts";
import {
  answerSchema,
  bodyOfQuery,
  checkExplained,
  checkProbabilities,
  parsePredict,
  predictionBody,
  predictQuery,
  predictSchema,
  serverTiming,
} from "./prediction_body.ts";
import { problemAnswer } from "../pipeline/problem.ts";
import { jsonAnswer, type RouteEnv, type Routes } from "../pipeline/routes.ts";
import type { PredictionServices } from "../services.ts";

export interface PredictLimits {
  readonly bodyLimitBytes: number;
  readonly maxInstances: number;
}

const modelSchema = z.object({
  run: z.string(),
  labels: z.array(z.string()),
  vocabulary: z.int(),
  length: z.int(),
  text: z.boolean(),
  several: z.boolean().optional().openapi({ description: "True if a row may have several labels" }),
  columns: z.array(z.object({ name: z.string(), kind: z.enum(COLUMN_KINDS) })).optional()
    .openapi({ description: "The fields of a row, if it has several columns" }),
  round: z.int(),
  digest: z.string(),
}).openapi("Model");

export function predictRoutes(routes: Routes, { predictor }: PredictionServices, limits: PredictLimits): void {
  const { shape, reader } = predictor;
  const bodyOptions = bodyOf(reader);

  routes.add({
    method: "get",
    path: "/model",
    summary: "The model and its current weights",
    responses: { 200: jsonAnswer("The model", modelSchema), 503: problemAnswer("The predictor does not answer") },
  }, async (c) => c.json(await predictor.model()));

  routes.add({
    method: "post",
    path: "/predict",
    summary: "Classify one text or sequence, or many",
    request: {
      body: { required: true, content: { "application/json": { schema: predictSchema(shape, limits.maxInstances) } } },
    },
    responses: {
      200: jsonAnswer("Predictions of one version of the weights, in the order of the sequences", answerSchema),
      400: problemAnswer("The body is invalid"),
      413: problemAnswer("The body is too large"),
      415: problemAnswer("The Content-Type is not JSON"),
      503: problemAnswer("The queue is full, or the predictor does not answer: retry after Retry-After"),
    },
  }, async (c) => {
    const { body, timing } = await answer(c, await readJsonBody(c, limits.bodyLimitBytes, bodyOptions));
    return bareJson(c, body, timing);
  });

  routes.add({
    method: "get",
    path: "/predict",
    summary: "Classify one text or sequence. Logs of proxies have its query: send private texts by POST",
    request: { query: predictQuery },
    responses: {
      200: jsonAnswer("The prediction", answerSchema),
      400: problemAnswer("The query is invalid"),
      503: problemAnswer("The queue is full, or the predictor does not answer: retry after Retry-After"),
    },
  }, async (c) => {
    const { body, timing } = await answer(c, bodyOfQuery(c.env.target.query(), reader));
    return c.json(body, 200, timing);
  });

  /** Predicts what `asked` asks for. Returns the body and a header of the response. */
  async function answer(
    { req }: Context<RouteEnv>,
    asked: unknown,
  ): Promise<{ readonly body: Record<string, unknown>; readonly timing: Record<string, string> }> {
    const request = await parsePredict(asked, reader, limits.maxInstances);
    const { inputs, single: _, ...options } = request;
    if (options.explain) checkExplained(inputs.length, shape);
    if (options.probabilities !== false) checkProbabilities(inputs.length, shape.labels.length);
    const answer = await predictor.predict(inputs, { ...options, signal: () => req.raw.signal });
    return { body: predictionBody(answer, request), timing: { "Server-Timing": serverTiming(answer) } };
  }
}
