/** Serves `/model` and `/predict`. */
import { z } from "@hono/zod-openapi";
import { bodyOf, readJsonBody } from "../pipeline/body.ts";
import { bareJson } from "../pipeline/front.ts";
import { answerSchema, parsePredict, predictionBody, predictSchema, serverTiming } from "./prediction_body.ts";
import { problemAnswer } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
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
    const body = await readJsonBody(c, limits.bodyLimitBytes, bodyOptions);
    const request = await parsePredict(body, reader, limits.maxInstances);
    const answer = await predictor.predict(request.inputs, {
      reject: request.reject,
      signal: () => c.req.raw.signal,
    });
    return bareJson(c, predictionBody(answer, request), { "Server-Timing": serverTiming(answer) });
  });
}
