/** The Open Inference Protocol, version 2, as KServe, Triton and others speak it. Its errors are its own. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../data/batches/check_tokens.ts";
import { InputError } from "../../base/errors.ts";
import { Unavailable, UnknownVersion } from "../../predict/types.ts";
import { bodyOf, readJson } from "../pipeline/body.ts";
import { bareJson } from "../pipeline/front.ts";
import { unreadiness } from "./health.ts";
import { inferenceAnswer, inferenceAnswerSchema, inferenceSchema, parseInference } from "./inference_body.ts";
import type { OperationOptions } from "./operation_routes.ts";
import type { PredictLimits } from "./predict_routes.ts";
import { serverTiming } from "./prediction_body.ts";
import { Refusal } from "../pipeline/problem.ts";
import { type Handler, jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { Services } from "../services.ts";

/** What the served model is called, beside its run's id. */
export const MODEL_NAME = "lockstep";

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
const liveAnswer = jsonAnswer("It is", z.object({ live: z.literal(true) }));
const readyAnswer = jsonAnswer("It is", z.object({ ready: z.literal(true) }));

export interface InferenceOptions extends PredictLimits, OperationOptions {
  readonly version: string;
}

export function inferenceRoutes(routes: Routes, services: Services, options: InferenceOptions): void {
  const { predictor } = services;
  const { shape, reader } = predictor;
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

  function checkName(name: string | undefined): void {
    if (name === MODEL_NAME || name === shape.run) return;
    const message = `there is no model ${describe(name)}: expected ${MODEL_NAME} or ${shape.run}`;
    throw new Refusal(404, { field: "name", message });
  }

  /** The version in the path, if there is one: a round. */
  function versionOf(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new Refusal(404, { field: "version", message: `there is no version ${describe(text)}: expected a round` });
  }

  async function whyNotReady(): Promise<string | undefined> {
    return await unreadiness(services, readyMs, onError);
  }

  add({
    method: "get",
    path: "/v2",
    summary: "The server",
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
      summary: "Whether the process answers",
      responses: { 200: liveAnswer },
    },
    (c) => c.json({ live: true }),
    true,
  );

  add({
    method: "get",
    path: "/v2/health/ready",
    summary: "Whether requests should be sent here",
    responses: { 200: readyAnswer, 503: errorAnswer("It is not") },
  }, async (c) => {
    const reason = await whyNotReady();
    return reason ? failure(503, reason) : c.json({ ready: true });
  }, true);

  for (const path of ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"]) {
    const versioned = path.includes("{version}");
    const params = versioned ? z.object({ name: z.string(), version: z.string() }) : z.object({ name: z.string() });
    const missing = errorAnswer("There is no such model or version");
    const unavailable = errorAnswer("The predictor does not answer");

    add({
      method: "get",
      path,
      summary: "The model: versions, inputs and outputs",
      request: { params },
      responses: {
        200: jsonAnswer("The model", metadataSchema),
        404: missing,
        // Only a version's weights are asked for.
        ...(versioned && { 503: unavailable }),
      },
    }, async (c) => {
      checkName(c.req.param("name"));
      const version = versionOf(c.req.param("version"));
      if (version !== undefined) await predictor.model(version);
      const versions = version === undefined ? await predictor.versions() : [version];
      return c.json({
        name: MODEL_NAME,
        versions: versions.map(String),
        platform: "lockstep",
        inputs: [
          ...reader.text
            ? [{ name: "text", datatype: "BYTES", shape: [-1] }]
            : [{ name: "tokens", datatype: "INT64", shape: [-1, shape.length] }],
        ],
        outputs: [
          { name: "label", datatype: "BYTES", shape: [-1] },
          { name: "class", datatype: "INT64", shape: [-1] },
          { name: "probabilities", datatype: "FP32", shape: [-1, shape.labels.length] },
        ],
      });
    });

    add({
      method: "get",
      path: `${path}/ready`,
      summary: "Whether the model answers",
      request: { params },
      responses: {
        200: jsonAnswer("It does", z.object({ name: z.string(), ready: z.literal(true) })),
        404: missing,
        503: unavailable,
      },
    }, async (c) => {
      checkName(c.req.param("name"));
      const version = versionOf(c.req.param("version"));
      if (version !== undefined) await predictor.model(version);
      const reason = await whyNotReady();
      return reason ? failure(503, reason) : c.json({ name: MODEL_NAME, ready: true });
    });

    add({
      method: "post",
      path: `${path}/infer`,
      summary: "Classes of sequences",
      description: reader.text
        ? "`text` is [sequences]; or `tokens` by name, BYTES of [sequences, length], with `lengths` if rows are padded."
        : "`tokens` is [sequences, length]; with a second input `lengths` [sequences], rows may be padded.",
      request: { params, body: { required: true, content: { "application/json": { schema: inferenceSchema } } } },
      responses: {
        200: jsonAnswer("By one version of the weights", inferenceAnswerSchema),
        400: errorAnswer("The body is not right"),
        404: missing,
        413: errorAnswer("The body is too large"),
        415: errorAnswer("The body is not sent as JSON"),
        503: errorAnswer("Too many wait already, or the predictor does not answer; see Retry-After"),
      },
    }, async (c) => {
      checkName(c.req.param("name"));
      const version = versionOf(c.req.param("version"));
      const body = await readJson(c, bodyLimitBytes, bodyOf(reader));
      const request = await parseInference(body, reader, maxInstances);
      const answer = await predictor.predict(request.sequences, { version, signal: () => c.req.raw.signal });
      return bareJson(inferenceAnswer(request, answer, MODEL_NAME), { "Server-Timing": serverTiming(answer) });
    });
  }
}
