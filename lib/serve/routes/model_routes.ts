/** Lists the models that the process serves by their names, loads another run under a name, and unloads it. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import { within } from "../../base/waiting.ts";
import { MODEL_NAME, ModelConflict, MOST_MODELS, type ServedModel } from "../../predict/served_models.ts";
import { readJsonBody } from "../pipeline/body.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { type Handler, jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { PredictionServices } from "../services.ts";
import { missing, takeModel } from "./model_finder.ts";
import { modelShape } from "./predict_routes.ts";
import { idSchema } from "./run_routes.ts";

const statusShape = {
  name: z.string(),
  state: z.enum(["ready", "unavailable"])
    .openapi({ description: "unavailable: its prediction thread does not answer now" }),
  run: z.string(),
  round: z.int().nullable(),
  digest: z.string().nullable(),
  bytes: z.int().nullable().openapi({ description: "Of its weights and n-grams; null while it is trained" }),
  predictions: z.int().openapi({ description: "Requests for predictions that this version answered" }),
};
const listSchema = z.object({
  models: z.array(z.object(statusShape).openapi("ModelStatus")),
  most: z.int().openapi({ description: "The most models that can be open at once" }),
  loads: z.boolean().openapi({ description: "Whether PUT /models/{name} can load a run" }),
});
export type ModelList = z.infer<typeof listSchema>;

const namedSchema = z.object({ ...modelShape, ...statusShape }).openapi("NamedModel");
const loadSchema = z.strictObject({ run: idSchema }).openapi("LoadModel");
const params = z.object({ name: z.string().regex(MODEL_NAME) });

interface ModelOptions {
  readonly bodyLimitBytes: number;
  readonly readyMs: number;
}

export function modelRoutes(
  routes: Routes,
  { models, openRun }: PredictionServices,
  { bodyLimitBytes, readyMs }: ModelOptions,
): void {
  /** Describes a model and its newest weights, or only what is known of it if it does not answer in time. */
  async function statusOf(model: ServedModel) {
    const { name, predictor, run, bytes = null, answers: predictions } = model.hold();
    try {
      const info = await within(readyMs, predictor.model().catch(() => undefined), undefined);
      const state = info ? "ready" as const : "unavailable" as const;
      const { round, digest } = info ?? { round: null, digest: model.digest ?? null };
      return { ...predictor.shape, ...{ name, state, run, round, digest, bytes, predictions } };
    } finally {
      model.release();
    }
  }

  async function briefStatusOf(model: ServedModel) {
    const { name, state, run, round, digest, bytes, predictions } = await statusOf(model);
    return { name, state, run, round, digest, bytes, predictions };
  }

  routes.add({
    method: "get",
    path: "/models",
    summary: "The models that this process serves; the first one answers requests without a name",
    responses: { 200: jsonAnswer("The models", listSchema) },
  }, async (c) => {
    const list = await Promise.all(models.all.map(briefStatusOf));
    return c.json({ models: list, most: MOST_MODELS, loads: openRun !== undefined });
  });

  routes.add({
    method: "get",
    path: "/models/{name}",
    summary: "One model and its current weights",
    request: { params },
    responses: { 200: jsonAnswer("The model", namedSchema), 404: problemAnswer("No model has this name") },
  }, async (c) => {
    const model = takeModel(models, c);
    model.release();
    return c.json(await statusOf(model));
  });

  /** Turns a conflict into its answer. */
  const change = (handler: Handler): Handler => async (context) => {
    try {
      return await handler(context);
    } catch (error) {
      if (error instanceof ModelConflict) return problemResponse(409, error.problems);
      throw error;
    }
  };

  routes.add(
    {
      method: "put",
      path: "/models/{name}",
      summary: "Serve a finished run under this name, in place of the run that it named; no request fails",
      description:
        "The answer comes when every new request goes to the run. Earlier requests are answered by the model " +
        "before it, which is then closed. If the run cannot be loaded, nothing changes.",
      request: { params, body: { required: true, content: { "application/json": { schema: loadSchema } } } },
      responses: {
        200: jsonAnswer("The model", namedSchema),
        400: problemAnswer("The name or the body is invalid, or the run has no model"),
        409: problemAnswer(
          "The process loads no runs, or as many models as it can, or this one already; or a file of the run is damaged",
        ),
        413: problemAnswer("The body is too large"),
        415: problemAnswer("The Content-Type is not JSON"),
        503: problemAnswer("The prediction thread of the run could not start: retry after Retry-After"),
      },
    },
    change(async (c) => {
      const name = c.req.param("name") ?? "";
      const body = await readJsonBody(c, bodyLimitBytes);
      if (!openRun) return loadsNone();
      const parsed = loadSchema.safeParse(body);
      if (!parsed.success) {
        throw inputError("run", `the body is ${describe(body)}: expected {"run": "ID"}, with the id of a finished run`);
      }
      const { run } = parsed.data;
      return c.json(await statusOf(await models.load(name, () => openRun(run))));
    }),
  );

  routes.add(
    {
      method: "delete",
      path: "/models/{name}",
      summary: "Unload a model. It still answers the requests that it has",
      request: { params },
      responses: {
        204: { description: "The model has no more requests" },
        404: problemAnswer("No model has this name"),
        409: problemAnswer("The model is the first one, or is being loaded, or this process unloads none"),
      },
    },
    change(async (c) => {
      const name = c.req.param("name") ?? "";
      if (!models.get(name)) missing(models, name);
      if (!openRun) return loadsNone();
      await models.unload(name);
      return c.body(null, 204);
    }),
  );
}

function loadsNone(): Response {
  const message = "this process loads no runs over HTTP: expected one of the command serve";
  return problemResponse(409, [{ field: "name", message }]);
}
