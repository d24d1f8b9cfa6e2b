/** Lists the models that the process serves by their names, loads another run under a name or tries it, and unloads it. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import { within } from "../../base/waiting.ts";
import type { OpenedModel, ServedModel } from "../../predict/served_model.ts";
import { MODEL_NAME, ModelConflict, MOST_MODELS, type ServedModels } from "../../predict/served_models.ts";
import { readJsonBody } from "../pipeline/body.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { type Handler, jsonAnswer, type RouteEnv, type Routes } from "../pipeline/routes.ts";
import type { PredictionServices } from "../services.ts";
import { missing } from "./model_finder.ts";
import { collecting, modelShape } from "./predict_routes.ts";
import { idSchema } from "./run_routes.ts";

const versionShape = {
  state: z.enum(["ready", "unavailable"])
    .openapi({ description: "unavailable: its prediction thread does not answer now" }),
  run: z.string(),
  round: z.int().nullable(),
  digest: z.string().nullable(),
  bytes: z.int().nullable().openapi({ description: "Of its weights and n-grams; null while it is trained" }),
  predictions: z.int().openapi({ description: "Requests for predictions that it answered" }),
  failures: z.int().openapi({ description: "Requests that it could not answer: full queue, lost thread" }),
};
const statusShape = {
  name: z.string(),
  ...versionShape,
  canary: z.object({ ...versionShape, share: z.number() }).nullable()
    .openapi({ description: "The model that is tried with a share of the requests" }),
};
const listSchema = z.object({
  models: z.array(z.object(statusShape).openapi("ModelStatus")),
  most: z.int().openapi({ description: "The most models that can be open at once" }),
  loads: z.boolean().openapi({ description: "Whether PUT /models/{name} can load a run" }),
});
export type ModelList = z.infer<typeof listSchema>;

const namedSchema = z.object({ ...modelShape, ...statusShape }).openapi("NamedModel");
const params = z.object({ name: z.string().regex(MODEL_NAME) });

const loadSchema = z.strictObject({ run: idSchema }).openapi("LoadModel", { example: { run: "20260102-030405-abcd" } });
const canarySchema = z.strictObject({ run: idSchema, share: z.number() }).openapi("StartCanary", {
  description: "A finished run, and the share of the requests that it gets, from 0.0001 to 0.9999",
  example: { run: "20260102-030405-abcd", share: 0.1 },
});

/** Changes the model `name`; `openRun` opens a run. */
type Change = (
  context: Context<RouteEnv>,
  name: string,
  openRun: (run: string) => Promise<OpenedModel>,
) => Promise<Response>;

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
  async function versionOf(model: ServedModel) {
    const { predictor, run, bytes = null, seconds, failures } = model.hold();
    try {
      const info = await within(readyMs, predictor.model().catch(() => undefined), undefined);
      const { round, digest } = info ?? { round: null, digest: model.digest ?? null };
      const state = info ? "ready" as const : "unavailable" as const;
      return { state, run, round, digest, bytes, predictions: seconds.count, failures };
    } finally {
      model.release();
    }
  }

  async function statusOf({ model, canary }: ServedModels["listed"][number]) {
    const [version, candidate] = await Promise.all([versionOf(model), canary && versionOf(canary.model)]);
    return { name: model.name, ...version, canary: canary && candidate ? { ...candidate, share: canary.share } : null };
  }

  /** Answers with the model of `name`. */
  async function described(context: Context<RouteEnv>, name: string): Promise<Response> {
    const listed = models.get(name) ?? missing(models, name);
    const { model } = listed;
    return context.json({ ...model.predictor.shape, ...collecting(model), ...await statusOf(listed) });
  }

  /** Makes a change if this process may load runs, and turns a conflict into its answer. */
  const changing = (change: Change): Handler => async (context) => {
    if (!openRun) return conflict([{ field: "name", message: "this process loads no runs: send it to one of serve" }]);
    try {
      return await change(context, context.req.param("name") ?? "", openRun);
    } catch (error) {
      if (error instanceof ModelConflict) return conflict(error.problems);
      throw error;
    }
  };

  const body = (schema: z.ZodType) => ({ required: true, content: { "application/json": { schema } } });
  const unknown = problemAnswer("No model has this name");
  const refusals = {
    400: problemAnswer("The name or the body is invalid, or the run has no model"),
    409: problemAnswer("The process loads no runs or no more, or this name's at the moment; or a file is damaged"),
    413: problemAnswer("The body is too large"),
    415: problemAnswer("The Content-Type is not JSON"),
    503: problemAnswer("The prediction thread of the run could not start: retry after Retry-After"),
  };

  routes.add({
    method: "get",
    path: "/models",
    summary: "The models that this process serves; the first one answers requests without a name",
    responses: { 200: jsonAnswer("The models", listSchema) },
  }, async (c) => {
    const list = await Promise.all(models.listed.map(statusOf));
    return c.json({ models: list, most: MOST_MODELS, loads: openRun !== undefined });
  });

  routes.add({
    method: "get",
    path: "/models/{name}",
    summary: "One model and its current weights",
    request: { params },
    responses: { 200: jsonAnswer("The model", namedSchema), 404: unknown },
  }, async (c) => await described(c, c.req.param("name") ?? ""));

  routes.add(
    {
      method: "put",
      path: "/models/{name}",
      summary: "Serve a finished run under this name, in place of its run and its canary; no request fails",
      description: "The answer comes when every new request goes to the run. Earlier ones are answered by the model " +
        "before it, which is then closed. If the run cannot be loaded, nothing changes.",
      request: { params, body: body(loadSchema) },
      responses: { 200: jsonAnswer("The model", namedSchema), ...refusals },
    },
    changing(async (c, name, open) => {
      const asked = await readJsonBody(c, bodyLimitBytes);
      const { success, data } = loadSchema.safeParse(asked);
      if (!success) throw inputError("run", `the body is ${describe(asked)}: expected {"run": "ID"}, a finished run`);
      await models.load(name, () => open(data.run));
      return await described(c, name);
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
        404: unknown,
        409: problemAnswer("The model is the first one, or is being loaded, or this process unloads none"),
      },
    },
    changing(async (c, name) => {
      if (!models.get(name)) missing(models, name);
      await models.unload(name);
      return c.body(null, 204);
    }),
  );

  routes.add(
    {
      method: "put",
      path: "/models/{name}/canary",
      summary: "Try a finished run with a share of the requests for this name",
      description: "Requests are counted: of 1,000 in a row, a share of 0.1 answers 100. To promote the run, load it " +
        "under the name. With the same run only the share changes.",
      request: { params, body: body(canarySchema) },
      responses: { 200: jsonAnswer("The model, with its canary", namedSchema), 404: unknown, ...refusals },
    },
    changing(async (c, name, open) => {
      const asked = await readJsonBody(c, bodyLimitBytes);
      const { success, data } = canarySchema.safeParse(asked);
      if (!success) throw inputError("run", `the body is ${describe(asked)}: expected {"run": "ID", "share": 0.1}`);
      if (!models.get(name)) missing(models, name);
      await models.startCanary(name, data.run, data.share, () => open(data.run));
      return await described(c, name);
    }),
  );

  routes.add(
    {
      method: "delete",
      path: "/models/{name}/canary",
      summary: "Give all requests for this name to its model again",
      request: { params },
      responses: {
        204: { description: "The canary has no more requests" },
        404: unknown,
        409: problemAnswer("The model is being loaded, or this process loads none"),
      },
    },
    changing(async (c, name) => {
      if (!models.get(name)) missing(models, name);
      await models.endCanary(name);
      return c.body(null, 204);
    }),
  );
}

function conflict(problems: ModelConflict["problems"]): Response {
  return problemResponse(409, problems);
}
