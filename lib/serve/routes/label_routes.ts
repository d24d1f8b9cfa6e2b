/** Looks for wrong labels among the rows of a run: `/runs/{id}/cross-validation`. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../base/printable.ts";
import { isRecord } from "../../base/record.ts";
import { inputError } from "../../base/errors.ts";
import { crossValidationSchema } from "../../run/library/examinations.ts";
import { readJsonBody } from "../pipeline/body.ts";
import { problemAnswer, problemResponse, Refusal } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import { idSchema, runFinder } from "./run_routes.ts";
import type { Services } from "../services.ts";

const [FEWEST_FOLDS, MOST_FOLDS, USUAL_FOLDS] = [2, 20, 5];

/** Rebuilds the schemas, as only schemas made after `@hono/zod-openapi` is loaded have `openapi`. */
const stateSchema = z.object(crossValidationSchema.shape).openapi("CrossValidation");
const bodySchema = z.strictObject({ folds: z.int().min(FEWEST_FOLDS).max(MOST_FOLDS).default(USUAL_FOLDS) });

const path = "/runs/{id}/cross-validation";
const request = { params: z.object({ id: idSchema }) };

export function labelRoutes(routes: Routes, { runs }: Services, bodyLimitBytes: number): void {
  const findRun = runFinder(runs);
  const { examinations } = runs;

  routes.add({
    method: "get",
    path,
    summary: "Labels of the run's rows that are probably wrong, and the progress of looking for them",
    request,
    responses: {
      200: jsonAnswer(
        "The state; with `result` if there is one, of which `rows` names the file. `mayStart` is true if POST works",
        stateSchema,
      ),
      404: problemAnswer("The run does not exist"),
    },
  }, async (c) => c.json(await examinations.state((await findRun(c.req.param("id"))).id)));

  routes.add({
    method: "post",
    path,
    summary: "Look for wrong labels among the run's rows, each predicted by n-grams of the rows of other folds",
    request: { ...request, body: { required: false, content: { "application/json": { schema: bodySchema } } } },
    responses: {
      202: jsonAnswer("The state", stateSchema),
      400: problemAnswer("The body is invalid, or the run was not trained on files"),
      404: problemAnswer("The run does not exist"),
      409: problemAnswer("The run has not begun, or this process does not train runs"),
      413: problemAnswer("The body is too large"),
      415: problemAnswer("The Content-Type is not JSON"),
      503: problemAnswer("The labels of a run are being examined: retry after Retry-After"),
    },
  }, async (c) => {
    const { id, state } = await findRun(c.req.param("id"));
    const { folds } = readBody(await readJsonBody(c, bodyLimitBytes, { optional: true }) ?? {});
    if (state === "queued") return refusal(409, `run ${id} has not begun: expected one that has`);
    const start = await examinations.start(id, folds);
    if (start === "busy") return refusal(503, "the labels of a run are being examined: retry when it has ended");
    if (start === "never") return refusal(409, "this process only serves a run: send it to one that trains");
    return c.json(await examinations.state(id), 202);
  });

  routes.add({
    method: "delete",
    path,
    summary: "Stop looking for wrong labels",
    request,
    responses: {
      204: { description: "It is stopped" },
      404: problemAnswer("The run does not exist"),
      409: problemAnswer("The labels of the run are not being examined"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    if (await examinations.stop(id)) return c.body(null, 204);
    return refusal(409, `the labels of run ${id} are not being examined: there is nothing to stop`);
  });

  routes.add({
    method: "get",
    path: `${path}/rows`,
    summary: "The rows of the run's file with the suspicion of each label, in the same format",
    request,
    responses: {
      200: { description: "The rows", content: { "application/octet-stream": { schema: z.string() } } },
      404: problemAnswer("The run does not exist, or it has no such rows"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const rows = await examinations.rows(id);
    const missing = `run ${id} has no rows with their suspicion: expected a cross-validation of one file`;
    if (!rows) throw new Refusal(404, { field: "id", message: missing });
    return new Response(rows.body, {
      headers: {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": `attachment; filename="${rows.name}"`,
      },
    });
  });
}

function refusal(status: 409 | 503, message: string): Response {
  return problemResponse(status, [{ field: "id", message }], status === 503 ? { "Retry-After": "10" } : {});
}

function readBody(body: unknown): z.infer<typeof bodySchema> {
  const parsed = bodySchema.safeParse(body);
  if (parsed.success) return parsed.data;
  if (!isRecord(body)) {
    throw inputError("body", `the body is ${describe(body)}: expected an object such as {"folds": 5}`);
  }
  const unknown = Object.keys(body).find((key) => key !== "folds");
  if (unknown !== undefined) throw inputError(unknown, `the body has ${describe(unknown)}: expected only folds`);
  const wanted = `expected a whole number from ${FEWEST_FOLDS} to ${MOST_FOLDS}`;
  throw inputError("folds", `folds is ${describe(body.folds)}: ${wanted}`);
}
