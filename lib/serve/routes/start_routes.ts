/** Runs that come and go: `POST /runs` and `DELETE /runs/{id}`. */
import { z } from "@hono/zod-openapi";
import { presets } from "../../config/presets.ts";
import { configSchema } from "../../config/schema.ts";
import { describe } from "../../data/batches/check_tokens.ts";
import { InputError } from "../../base/errors.ts";
import { REQUEST_KEYS } from "../../run/library/run_request.ts";
import { readJson } from "../pipeline/body.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import { idSchema, runFinder, runSchema } from "./run_schema.ts";
import type { Services } from "../services.ts";

/** For the document alone: what is wrong with a body is said with the words of the command line. */
const requestSchema = z.object({
  preset: z.enum(Object.keys(presets) as [string, ...string[]]).optional(),
  ...Object.fromEntries(REQUEST_KEYS.map((key) => [key, configSchema.shape[key].optional()])),
}).openapi("RunRequest");

/** Not a schema's: that would look at thousands of keys before they are counted. */
function isObject(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

export function startRoutes(routes: Routes, { runs }: Services, bodyLimitBytes: number): void {
  const findRun = runFinder(runs);

  routes.add({
    method: "post",
    path: "/runs",
    summary: "Asks for a run: it waits until those before it are done",
    request: { body: { required: true, content: { "application/json": { schema: requestSchema } } } },
    responses: {
      202: jsonAnswer("The run, with its place in the queue", runSchema),
      400: problemAnswer("The config is not right, or names files that may not be read"),
      409: problemAnswer("This process does not train"),
      413: problemAnswer("The body is too large"),
      415: problemAnswer("The body is not sent as JSON"),
      503: problemAnswer("Too many runs, or bodies of requests, wait already; see Retry-After"),
    },
  }, async (c) => {
    const body = await readJson(c, bodyLimitBytes);
    if (!isObject(body)) {
      const message = `the body is ${describe(body)}: expected an object such as {"seed": 7}`;
      throw new InputError([{ field: "body", message }]);
    }
    const admission = await runs.start?.(body) ?? "never";
    if (admission === "full") {
      const message = "too many runs wait already: expected fewer, come back when some are done";
      return problemResponse(503, [{ field: "queue", message }], { "Retry-After": "60" });
    }
    if (admission === "never") {
      const message = "this process serves a run and trains none: expected one that was started with train";
      return problemResponse(409, [{ field: "queue", message }]);
    }
    return c.json(admission, 202, { "Location": `runs/${admission.id}` });
  });

  routes.add({
    method: "delete",
    path: "/runs/{id}",
    summary: "Removes a run with all its files, or takes it out of the queue",
    request: { params: z.object({ id: idSchema }) },
    responses: {
      204: { description: "It is gone" },
      404: problemAnswer("There is no such run"),
      409: problemAnswer("It is being trained or served, or this process may not remove runs"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const removal = await runs.remove?.(id) ?? "kept";
    if (removal === "removed") return c.body(null, 204);
    const message = removal === "busy"
      ? `run ${id} is being trained or served: expected one that is not`
      : `run ${id} stays: this process may not write to the directory of runs`;
    return problemResponse(409, [{ field: "id", message }]);
  });
}
