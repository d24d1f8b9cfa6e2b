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
import type { ServedModel } from "../../predict/served_model.ts";
import { problemAnswer } from "../pipeline/problem.ts";
import { holdModel, takeModel } from "./model_finder.ts";
import { jsonAnswer, type RouteEnv, type Routes } from "../pipeline/routes.ts";
import type { PredictionServices } from "../services.ts";

export interface PredictLimits {
  readonly bodyLimitBytes: number;
  readonly maxInstances: number;
}

export const modelShape = {
  run: z.string(),
  labels: z.array(z.string()),
  vocabulary: z.int(),
  length: z.int(),
  text: z.boolean(),
  several: z.boolean().optional().openapi({ description: "True if a row may have several labels" }),
  columns: z.array(z.object({ name: z.string(), kind: z.enum(COLUMN_KINDS) })).optional()
    .openapi({ description: "The fields of a row, if it has several columns" }),
  collects: z.object({ uncertain: z.boolean() }).optional().openapi({
    description: "Present if it takes examples; `uncertain` says whether it lists inputs that it was unsure of",
  }),
  round: z.int(),
  digest: z.string(),
};
const modelSchema = z.object(modelShape).openapi("Model");

/** Says whether people can label for `model`. */
export function collecting({ labelling }: ServedModel): { collects?: { uncertain: boolean } } {
  return labelling ? { collects: { uncertain: labelling.uncertain !== undefined } } : {};
}

/** For the document: bodies of models that may be replaced by others. */
const namedSchema = z.record(z.string(), z.unknown()).openapi("NamedPredictRequest", {
  description: "As for /predict, with the inputs of this model, which GET /models/{name} describes",
  example: { text: "where is my parcel?" },
});

export function predictRoutes(routes: Routes, { models }: PredictionServices, limits: PredictLimits): void {
  routes.add({
    method: "get",
    path: "/model",
    summary: "The model that answers requests without a name, and its current weights",
    responses: { 200: jsonAnswer("The model", modelSchema), 503: problemAnswer("The predictor does not answer") },
  }, async (c) => {
    const model = holdModel(models, c);
    try {
      return c.json({ ...await model.predictor.model(), ...collecting(model) });
    } finally {
      model.release();
    }
  }, { forLabelling: true });

  const firstBody = {
    // Its inputs change with the model.
    get schema() {
      return predictSchema(models.first.predictor.shape, limits.maxInstances);
    },
  };
  const invalid = problemAnswer("The body is invalid");
  const unavailable = problemAnswer("The queue is full, or the predictor does not answer: retry after Retry-After");
  const unknown = problemAnswer("No model has this name");

  for (const path of ["/predict", "/models/{name}/predict"]) {
    const isNamed = path !== "/predict";
    const params = isNamed && { params: z.object({ name: z.string() }) };
    const missing = isNamed && { 404: unknown };
    const by = isNamed ? " by the model of this name" : "";

    routes.add({
      method: "post",
      path,
      summary: `Classify one text or sequence, or many${by}`,
      request: {
        ...params,
        body: { required: true, content: { "application/json": isNamed ? { schema: namedSchema } : firstBody } },
      },
      responses: {
        200: jsonAnswer("Predictions of one version of the weights, in the order of the sequences", answerSchema),
        400: invalid,
        ...missing,
        413: problemAnswer("The body is too large"),
        415: problemAnswer("The Content-Type is not JSON"),
        503: unavailable,
      },
    }, async (c) => {
      // Before the body is read, whose rules are the model's: it answers the request even if it is replaced meanwhile.
      const model = takeModel(models, c);
      try {
        const asked = await readJsonBody(c, limits.bodyLimitBytes, bodyOf(model.predictor.reader));
        const { body, timing } = await answer(c, model, asked);
        return bareJson(c, body, timing);
      } catch (error) {
        throw model.failed(error);
      } finally {
        model.release();
      }
    });

    routes.add({
      method: "get",
      path,
      summary: `Classify one text or sequence${by}. Logs of proxies have its query: send private texts by POST`,
      request: { ...params, query: predictQuery },
      responses: {
        200: jsonAnswer("The prediction", answerSchema),
        400: problemAnswer("The query is invalid"),
        ...missing,
        503: unavailable,
      },
    }, async (c) => {
      const model = takeModel(models, c);
      try {
        const { body, timing } = await answer(c, model, bodyOfQuery(c.env.target.query(), model.predictor.reader));
        return c.json(body, 200, timing);
      } catch (error) {
        throw model.failed(error);
      } finally {
        model.release();
      }
    });
  }

  /** Predicts what `asked` asks for. Returns the body and a header of the response. */
  async function answer(
    { req }: Context<RouteEnv>,
    model: ServedModel,
    asked: unknown,
  ): Promise<{ readonly body: Record<string, unknown>; readonly timing: Record<string, string> }> {
    const { predictor } = model;
    const { shape } = predictor;
    const request = await parsePredict(asked, predictor.reader, limits.maxInstances);
    const { inputs, single: _, ...options } = request;
    if (options.explain) checkExplained(inputs.length, shape);
    if (options.probabilities !== false) checkProbabilities(inputs.length, shape.labels.length);
    const answer = await predictor.predict(inputs, { ...options, signal: () => req.raw.signal });
    model.answered(answer);
    return { body: predictionBody(answer, request), timing: { "Server-Timing": serverTiming(answer) } };
  }
}
