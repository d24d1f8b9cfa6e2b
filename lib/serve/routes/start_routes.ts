/** Starts, names and removes runs: `POST /runs`, `PATCH /runs/{id}` and `DELETE /runs/{id}`. */
import { z } from "@hono/zod-openapi";
import { presets } from "../../config/presets.ts";
import { configSchema, fileShape, trainingShape } from "../../config/schema.ts";
import { describe } from "../../base/printable.ts";
import { isRecord } from "../../base/record.ts";
import { inputError, Problems } from "../../base/errors.ts";
import { type Notes, notesSchema } from "../../config/notes_shape.ts";
import { requestedSearchShape } from "../../config/tune_shape.ts";
import { expectation } from "../../config/resolve.ts";
import { REQUEST_KEYS } from "../../run/library/run_request.ts";
import { readJsonBody } from "../pipeline/body.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import { idSchema, runFinder, runSchema } from "./run_routes.ts";
import type { Services } from "../services.ts";

/** Used only in the OpenAPI document: lib/run checks the body with the same messages as a run's flags. */
const requestSchema = z.object({
  preset: z.enum(Object.keys(presets) as [string, ...string[]]).optional(),
  ...Object.fromEntries(
    REQUEST_KEYS.map((key) => [key, configSchema.shape[key].optional().openapi({ "x-group": groupOf(key) })]),
  ),
  ...Object.fromEntries(
    Object.entries(requestedSearchShape).map((
      [key, schema],
    ) => [key, schema.optional().openapi({ "x-group": "Search" })]),
  ),
}).openapi("RunRequest");

/** Rebuilds the schema, as only schemas made after `@hono/zod-openapi` is loaded have `openapi`. */
const editSchema = z.strictObject(notesSchema.shape).openapi("RunEdit");

/** Reads the edits of a run's notes. Throws an InputError that names each wrong value. */
function readEdits(body: unknown): Notes {
  const parsed = notesSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = new Problems();
  for (const issue of parsed.error.issues) {
    const field = issue.path.reduce<string>(
      (text, key) => typeof key === "number" ? `${text}[${key}]` : String(key),
      "",
    );
    const value = issue.path.reduce<unknown>(
      (part, key) => part instanceof Object ? Reflect.get(part, key) : part,
      body,
    );
    const expected = issue.code === "unrecognized_keys" ? "expected name, note and tags" : expectation(issue);
    problems.add(() => ({
      field: field || "body",
      message: `${field || "the body"} is ${describe(value)}: ${expected}`,
    }));
  }
  problems.check();
  return {};
}

/** Names the part of the config that an option belongs to. */
function groupOf(key: string): string {
  return key in trainingShape ? "Training" : key in fileShape ? "Data" : "Process";
}

export function startRoutes(routes: Routes, { runs }: Services, bodyLimitBytes: number): void {
  const findRun = runFinder(runs);

  routes.add({
    method: "post",
    path: "/runs",
    summary: "Queue a run, which starts when the runs before it have ended; with `tuneMinutes` a search comes first",
    request: { body: { required: true, content: { "application/json": { schema: requestSchema } } } },
    responses: {
      202: jsonAnswer("The run, with its place in the queue", runSchema),
      400: problemAnswer("The config is invalid, or names files that the server may not read"),
      409: problemAnswer("This process does not train runs"),
      413: problemAnswer("The body is too large"),
      415: problemAnswer("The Content-Type is not JSON"),
      503: problemAnswer("The queue, or the memory for request bodies, is full: retry after Retry-After"),
    },
  }, async (c) => {
    const body = await readJsonBody(c, bodyLimitBytes);
    // Not by the schema, which would visit thousands of keys before they are counted.
    if (!isRecord(body)) {
      const message = `the body is ${describe(body)}: expected an object such as {"seed": 7}`;
      throw inputError("body", message);
    }
    const admission = await runs.start?.(body) ?? "never";
    if (admission === "full") {
      const message = "the queue of runs is full: retry when one has ended";
      return problemResponse(503, [{ field: "queue", message }], { "Retry-After": "60" });
    }
    if (admission === "never") {
      const message = "this process only serves a run: send it to one that trains";
      return problemResponse(409, [{ field: "queue", message }]);
    }
    return c.json(admission, 202, { "Location": `runs/${admission.id}` });
  });

  routes.add({
    method: "patch",
    path: "/runs/{id}",
    summary: "Change the name, the note or the tags of a run; an empty value removes it",
    request: {
      params: z.object({ id: idSchema }),
      body: { required: true, content: { "application/json": { schema: editSchema } } },
    },
    responses: {
      200: jsonAnswer("The run", runSchema),
      400: problemAnswer("A value is invalid"),
      404: problemAnswer("The run does not exist"),
      409: problemAnswer("This process may not write to the directory of runs"),
      413: problemAnswer("The body is too large"),
      415: problemAnswer("The Content-Type is not JSON"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const edits = readEdits(await readJsonBody(c, bodyLimitBytes));
    const edit = await runs.edit?.(id, edits) ?? "kept";
    if (edit !== "kept") return c.json(edit);
    const message = `run ${id} cannot be changed: this process may not write to the directory of runs`;
    return problemResponse(409, [{ field: "id", message }]);
  });

  routes.add({
    method: "delete",
    path: "/runs/{id}",
    summary: "Remove a run with all its files, or from the queue",
    request: { params: z.object({ id: idSchema }) },
    responses: {
      204: { description: "The run is removed" },
      404: problemAnswer("The run does not exist"),
      409: problemAnswer("The run is being trained or served, or this process may not remove runs"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const removal = await runs.remove?.(id) ?? "kept";
    if (removal === "removed") return c.body(null, 204);
    const message = removal === "busy"
      ? `run ${id} is being trained or served: expected one that is neither`
      : `run ${id} cannot be removed: this process may not write to the directory of runs`;
    return problemResponse(409, [{ field: "id", message }]);
  });
}
