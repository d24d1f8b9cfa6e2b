/**
 * Takes labelled rows, and names the inputs that the model was least sure of: `POST /examples` and `GET /uncertain`. A client
 * with the token of people who label may use these routes, and `GET /model`, and no others.
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import { type Labelling, type Refused, retrainingSchema } from "../../predict/labelling.ts";
import type { ServedModel } from "../../predict/served_model.ts";
import { bodyOf, readJsonBody } from "../pipeline/body.ts";
import { problemAnswer, problemResponse, Refusal } from "../pipeline/problem.ts";
import { jsonAnswer, type RouteEnv, type Routes } from "../pipeline/routes.ts";
import type { PredictionServices } from "../services.ts";
import { inputOf, readExamples } from "./example_body.ts";
import { holdModel } from "./model_finder.ts";

const DEFAULT_LISTED = 20;
const MOST_LISTED = 1000;

const rowSchema = z.record(z.string(), z.unknown());
const exampleSchema = z.looseObject({
  example: z.object({ id: z.int(), at: z.string(), who: z.string().optional() }),
}).openapi("Example");
const requestSchema = z.union([
  z.looseObject({ text: z.string(), label: z.unknown(), who: z.string().optional() }),
  z.object({ examples: z.array(rowSchema), who: z.string().optional() }),
]).openapi("ExamplesRequest");
const addedSchema = z.object({
  ids: z.array(z.int()),
  newLabels: z.array(z.string()).openapi({ description: "Labels that the model does not know yet" }),
}).openapi("ExamplesAdded");
const overviewSchema = z.object({
  count: z.int(),
  labels: z.array(z.object({ label: z.string(), count: z.int() })),
  newest: z.array(exampleSchema),
  retraining: retrainingSchema.optional(),
}).openapi("Examples");
const uncertainSchema = z.object({
  inputs: z.array(z.object({
    row: rowSchema,
    label: z.string().nullable(),
    labels: z.array(z.string()).optional().openapi({ description: "Where a row may have several" }),
    probabilities: z.array(z.object({ label: z.string(), probability: z.number() })),
    digest: z.string(),
    margin: z.number(),
  })),
  kept: z.int(),
}).openapi("Uncertain");

const countSchema = z.string().regex(/^[1-9]\d{0,3}$/).transform(Number).pipe(z.int().max(MOST_LISTED));

const params = z.object({ name: z.string() });
const idParams = z.object({ id: z.string().regex(/^\d{1,15}$/) });
const closed = problemAnswer("The server takes no examples, or another process does");

export function exampleRoutes(routes: Routes, { models }: PredictionServices, bodyLimitBytes: number): void {
  const access = { forLabelling: true };

  /** Answers with the model of the path, or the first one. Throws a Refusal if it takes no examples. */
  async function using(
    c: Context<RouteEnv>,
    answer: (labelling: Labelling, model: ServedModel) => Response | Promise<Response>,
  ): Promise<Response> {
    const model = holdModel(models, c);
    try {
      if (model.labelling) return await answer(model.labelling, model);
      const message = "this server takes no examples: set `collect`, for a run trained on files";
      throw new Refusal(409, { field: "collect", message });
    } finally {
      model.release();
    }
  }

  for (const base of ["", "/models/{name}"]) {
    const ofModel = base === "" ? "" : ", for the model of this name";
    const named = base !== "" && { params };
    const missing = base !== "" && { 404: problemAnswer("No model has this name") };

    routes.add({
      method: "post",
      path: `${base}/examples`,
      summary: `Add labelled rows to the examples of the run, on the disk before the answer${ofModel}`,
      request: { ...named, body: { required: true, content: { "application/json": { schema: requestSchema } } } },
      responses: {
        201: jsonAnswer("The ids of the examples, in order", addedSchema),
        400: problemAnswer("A row or a label is invalid: none was added"),
        ...missing,
        409: closed,
        413: problemAnswer("The body is too large"),
        415: problemAnswer("The Content-Type is not JSON"),
        503: problemAnswer("There is no room for more examples"),
      },
    }, (c) =>
      using(c, async (labelling, { predictor }) => {
        const body = await readJsonBody(c, bodyLimitBytes, bodyOf(predictor.reader));
        const added = readExamples(body, predictor, labelling);
        const ids = await labelling.examples.add(added);
        if (typeof ids === "string") return refusal(ids);
        for (const example of added) labelling.uncertain?.forget(inputOf(example, predictor, labelling));
        const born = new Set(added.flatMap(({ labels }) => labels)).difference(new Set(predictor.shape.labels));
        return c.json({ ids, newLabels: [...born] }, 201);
      }), access);

    routes.add({
      method: "get",
      path: `${base}/examples`,
      summary: `Number of examples, by label, and the newest ones${ofModel}`,
      request: { ...named },
      responses: {
        200: jsonAnswer("The examples", overviewSchema),
        ...missing,
        409: closed,
        503: problemAnswer("There is no room"),
      },
    }, (c) =>
      using(c, async ({ examples }) => {
        const overview = await examples.overview();
        return typeof overview === "string" ? refusal(overview) : c.json(overview);
      }), access);

    routes.add({
      method: "delete",
      path: `${base}/examples/{id}`,
      summary: `Remove an example${ofModel}`,
      request: { params: base === "" ? idParams : idParams.extend(params.shape) },
      responses: {
        204: { description: "The example is removed" },
        404: problemAnswer("There is no such example"),
        409: closed,
        503: problemAnswer("There is no room to write the file again"),
      },
    }, (c) =>
      using(c, async ({ examples }) => {
        const id = c.req.param("id") ?? "";
        const removed = /^\d{1,15}$/.test(id) && await examples.remove(Number(id));
        if (typeof removed === "string") return refusal(removed);
        if (removed) return c.body(null, 204);
        throw new Refusal(404, { field: "id", message: `No example ${describe(id)}: GET /examples lists the newest` });
      }), access);

    routes.add({
      method: "get",
      path: `${base}/uncertain`,
      summary: `Inputs that the model was least sure of since it is served, the least sure first${ofModel}`,
      request: { ...named, query: z.object({ limit: countSchema.optional() }) },
      responses: {
        200: jsonAnswer("The inputs, with the answers that they got. `kept` counts all of them", uncertainSchema),
        400: problemAnswer("The limit is invalid"),
        ...missing,
        409: problemAnswer("The server keeps no inputs"),
      },
    }, (c) =>
      using(c, (labelling) => {
        const uncertain = keeping(labelling);
        const limit = c.env.target.query().get("limit") ?? String(DEFAULT_LISTED);
        const parsed = countSchema.safeParse(limit);
        if (parsed.success) return c.json({ inputs: uncertain.list(parsed.data), kept: uncertain.size });
        throw inputError("limit", `limit is ${describe(limit)}: expected a whole number from 1 to ${MOST_LISTED}`);
      }), access);

    routes.add({
      method: "delete",
      path: `${base}/uncertain`,
      summary: `Forget the inputs that the model was unsure of${ofModel}`,
      request: { ...named },
      responses: {
        204: { description: "They are forgotten" },
        ...missing,
        409: problemAnswer("The server keeps no inputs"),
      },
    }, (c) =>
      using(c, (labelling) => {
        keeping(labelling).clear();
        return c.body(null, 204);
      }));
  }
}

function keeping({ uncertain }: Labelling): NonNullable<Labelling["uncertain"]> {
  if (uncertain) return uncertain;
  throw new Refusal(409, {
    field: "keepUncertain",
    message: "this server keeps no inputs: set `keepUncertain`",
  });
}

function refusal(why: Refused): Response {
  const messages = {
    busy: "another process takes examples for this run: send them to it",
    kept: "this process may not write to the directory of the run",
    full: "there is no room for more examples: train on them, and move examples.jsonl away",
  };
  const status = why === "full" ? 503 : 409;
  const headers = why === "full" ? { "Retry-After": "60" } : {};
  return problemResponse(status, [{ field: "examples", message: messages[why] }], headers);
}
