/** Serves the Open Inference Protocol, version 2, of KServe, Triton and others, with its own format of errors. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { describe } from "../../base/printable.ts";
import { InputError } from "../../base/errors.ts";
import type { ServedModel } from "../../predict/served_model.ts";
import { DEFAULT_NAME } from "../../predict/served_models.ts";
import { Unavailable, UnknownVersion } from "../../predict/types.ts";
import { bodyOf, readJsonBody } from "../pipeline/body.ts";
import { bareJson } from "../pipeline/front.ts";
import { inferenceAnswer, inferenceAnswerSchema, inferenceSchema, parseInference } from "./inference_body.ts";
import { missing } from "./model_finder.ts";
import { ENDING, modelUnreadiness, type OperationOptions, unreadiness } from "./operation_routes.ts";
import type { PredictLimits } from "./predict_routes.ts";
import { serverTiming } from "./prediction_body.ts";
import { Refusal } from "../pipeline/problem.ts";
import { type Handler, jsonAnswer, type RouteEnv, type Routes } from "../pipeline/routes.ts";
import type { PredictionServices } from "../services.ts";

const errorSchema = z.object({ error: z.string() }).openapi("InferenceError");
const tensors = z.array(z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) }));
const metadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: tensors,
  outputs: tensors,
}).openapi("InferenceModel");

const errorAnswer = (description: string) => jsonAnswer(description, errorSchema);
const liveAnswer = jsonAnswer("The process is alive", z.object({ live: z.literal(true) }));
const readyAnswer = jsonAnswer("Ready for requests", z.object({ ready: z.literal(true) }));

interface InferenceOptions extends PredictLimits, OperationOptions {
  readonly version: string;
}

export function inferenceRoutes(routes: Routes, services: PredictionServices, options: InferenceOptions): void {
  const { models } = services;
  const { bodyLimitBytes, maxInstances, readyMs, onError, version: serverVersion } = options;

  const failure = (status: number, error: string, headers = {}) =>
    new Response(JSON.stringify({ error }), {
      status,
      headers: { "Content-Type": "application/json", ...headers },
    });
  const onFailure = (error: unknown) => {
    if (error instanceof Refusal) return failure(error.status, error.message, error.headers);
    if (error instanceof InputError) return failure(400, error.message);
    if (error instanceof UnknownVersion) return failure(404, error.message);
    if (error instanceof Unavailable) return failure(503, error.message, { "Retry-After": "1" });
    onError(error);
    return failure(500, "the server failed to answer");
  };
  const add = (config: Parameters<Routes["add"]>[0], handler: Handler, open = false) =>
    routes.add(config, handler, { open, onError: onFailure });

  /**
   * Answers with the model of the path: by its name, or the first one by the default name or the id of its run. Requests for
   * predictions of the newest weights are those that a canary gets its share of.
   */
  function withModel(
    answer: (model: ServedModel, context: Context<RouteEnv>) => Promise<Response>,
    hasCanary = false,
  ): Handler {
    return async (context) => {
      const name = context.req.param("name") ?? "";
      const { first } = models;
      const isFirst = models.get(name) === undefined && (name === DEFAULT_NAME || name === first.run);
      const wanted = isFirst ? first.name : name;
      const model = (hasCanary ? models.take(wanted) : models.hold(wanted)) ?? missing(models, name, first.run);
      try {
        return await answer(model, context);
      } catch (error) {
        throw model.failed(error);
      } finally {
        model.release();
      }
    };
  }

  /** Returns the version in the path, which is a round; undefined without one. */
  function versionOf(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new Refusal(404, { field: "version", message: `No version ${describe(text)}: expected a round` });
  }

  add({
    method: "get",
    path: "/v2",
    summary: "Name and version of the server",
    responses: {
      200: jsonAnswer(
        "Name and version",
        z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
      ),
    },
  }, (c) => c.json({ name: "lockstep", version: serverVersion, extensions: [] }));

  add(
    {
      method: "get",
      path: "/v2/health/live",
      summary: "Liveness of the process",
      responses: { 200: liveAnswer },
    },
    (c) => c.json({ live: true }),
    true,
  );

  add({
    method: "get",
    path: "/v2/health/ready",
    summary: "Readiness for requests",
    responses: { 200: readyAnswer, 503: errorAnswer("Not ready") },
  }, async (c) => {
    const reason = await unreadiness(services, readyMs, onError);
    return reason ? failure(503, reason) : c.json({ ready: true });
  }, true);

  for (const path of ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"]) {
    const versioned = path.includes("{version}");
    const params = versioned ? z.object({ name: z.string(), version: z.string() }) : z.object({ name: z.string() });
    const unknown = errorAnswer("The model or version does not exist");
    const unavailable = errorAnswer("The predictor does not answer");

    add(
      {
        method: "get",
        path,
        summary: "Versions, inputs and outputs of the model",
        request: { params },
        responses: {
          200: jsonAnswer("The model", metadataSchema),
          404: unknown,
          // Without a version no weights are loaded.
          ...(versioned && { 503: unavailable }),
        },
      },
      withModel(async ({ name, predictor }, c) => {
        const { shape, reader } = predictor;
        const version = versionOf(c.req.param("version"));
        if (version !== undefined) await predictor.model(version);
        const versions = version === undefined ? await predictor.versions() : [version];
        return c.json({
          name,
          versions: versions.map(String),
          platform: "lockstep",
          inputs: [
            ...reader.columns
              ? reader.columns.map(({ name, kind }) => (
                { name, datatype: kind === "number" ? "FP64" : "BYTES", shape: [-1] }
              ))
              : reader.text
              ? [{ name: "text", datatype: "BYTES", shape: [-1] }]
              : [{ name: "tokens", datatype: "INT64", shape: [-1, shape.length] }],
          ],
          outputs: [
            ...shape.several
              ? [{ name: "labels", datatype: "BYTES", shape: [-1] }]
              : [{ name: "label", datatype: "BYTES", shape: [-1] }, { name: "class", datatype: "INT64", shape: [-1] }],
            { name: "probabilities", datatype: "FP32", shape: [-1, shape.labels.length] },
          ],
        });
      }),
    );

    add(
      {
        method: "get",
        path: `${path}/ready`,
        summary: "Readiness of the model",
        request: { params },
        responses: {
          200: jsonAnswer("The model is ready", z.object({ name: z.string(), ready: z.literal(true) })),
          404: unknown,
          503: unavailable,
        },
      },
      withModel(async ({ name, predictor }, c) => {
        const version = versionOf(c.req.param("version"));
        if (version !== undefined) await predictor.model(version);
        const reason = services.ready() ? await modelUnreadiness(predictor, readyMs, onError) : ENDING;
        return reason ? failure(503, reason) : c.json({ name, ready: true });
      }),
    );

    add(
      {
        method: "post",
        path: `${path}/infer`,
        summary: "Classify sequences",
        description:
          "A model of texts takes `text` of the shape [sequences]. Otherwise `tokens` has the shape [sequences, " +
          "length], BYTES for a model of texts; a second input `lengths` [sequences] allows padded rows. A rejected " +
          "sequence has the class -1 and an empty label. With the parameter `top` the outputs `top_labels` and " +
          "`top_probabilities`, [sequences, top], stand in place of `probabilities`.",
        request: { params, body: { required: true, content: { "application/json": { schema: inferenceSchema } } } },
        responses: {
          200: jsonAnswer("Predictions of one version of the weights", inferenceAnswerSchema),
          400: errorAnswer("The body is invalid"),
          404: unknown,
          413: errorAnswer("The body is too large"),
          415: errorAnswer("The Content-Type is not JSON"),
          503: errorAnswer("The queue is full, or the predictor does not answer: retry after Retry-After"),
        },
      },
      withModel(async (model, c) => {
        const { name, predictor } = model;
        const { shape, reader } = predictor;
        const version = versionOf(c.req.param("version"));
        const body = await readJsonBody(c, bodyLimitBytes, bodyOf(reader));
        const request = await parseInference(body, reader, maxInstances, shape);
        const answer = await predictor.predict(request.sequences, {
          version,
          ...request.options,
          probabilities: request.outputs.includes("probabilities"),
          signal: () => c.req.raw.signal,
        });
        model.answered(answer);
        return bareJson(c, inferenceAnswer(request, answer, name), { "Server-Timing": serverTiming(answer) });
      }, !versioned),
    );
  }
}
