/** Serves `/runs`, `/events`, `/cluster` and the actions on a run that trains. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../base/printable.ts";
import { InputError } from "../../base/errors.ts";
import { dataStatisticsSchema } from "../../data/statistics.ts";
import { clusterStatusSchema } from "../../base/events/cluster_view.ts";
import { evaluationsSchema } from "../../model/evaluation.ts";
import {
  type JsonText,
  RUN_ACTIONS,
  RUN_STATES,
  type RunAction,
  type RunDetail,
  runDetailSchema,
  type RunQuery,
} from "../../run/types.ts";
import { problemAnswer, problemResponse, Refusal } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import { type EventsOptions, eventsResponse } from "./run_events.ts";
import type { Runs, Services } from "../services.ts";

/** Limit of the runs in one answer. */
const MOST_LISTED = 1000;

/** Rebuilds the schema, as only schemas made after `@hono/zod-openapi` is loaded have `openapi`. */
export const runSchema = z.object(runDetailSchema.shape).openapi("Run");

const runListSchema = z.object({
  /** The run that the process trains or serves, "" for none. */
  current: z.string(),
  trains: z.boolean(),
  /** Newest first. */
  runs: z.array(runSchema),
  next: z.string().nullable(),
});
export type RunList = z.infer<typeof runListSchema>;

/** Matches names of run directories, so that no other path is looked up. */
export const idSchema = z.string().regex(/^[\w-][\w.-]{0,199}$/);

/** Returns a function that finds the run with the id of a path. It throws a Refusal if the run does not exist. */
export function runFinder(runs: Runs): (id: string | undefined) => Promise<RunDetail> {
  return async (id) => {
    const parsed = idSchema.safeParse(id);
    const run = parsed.success ? await runs.get(parsed.data) : undefined;
    if (run) return run;
    throw new Refusal(404, { field: "id", message: `No run ${describe(id)}: GET /runs lists all` });
  };
}

const request = { params: z.object({ id: idSchema }) };

const queryFields = {
  state: z.enum(RUN_STATES),
  tag: z.string().max(50),
  text: z.string().max(200),
  after: idSchema,
  limit: z.string().regex(/^[1-9]\d{0,3}$/).transform(Number).pipe(z.int().max(MOST_LISTED)),
};
const listQuery = z.object(queryFields).partial();
const WANTED: Readonly<Record<keyof typeof queryFields, string>> = {
  state: RUN_STATES.join(", "),
  tag: "at most 50 characters",
  text: "at most 200 characters",
  after: "the id of a run",
  limit: `a whole number from 1 to ${MOST_LISTED}`,
};

/** Reads the query of a list. Throws an InputError with its errors. */
function readQuery(query: URLSearchParams): RunQuery & { readonly limit: number } {
  const given = Object.fromEntries(query);
  const parsed = listQuery.safeParse(given);
  if (parsed.success) return { ...parsed.data, limit: parsed.data.limit ?? MOST_LISTED };
  throw new InputError(parsed.error.issues.map(({ path }) => {
    const field = path[0] as keyof typeof queryFields;
    return { field, message: `${field} is ${describe(given[field])}: expected ${WANTED[field]}` };
  }));
}

const stream = { description: "Server-sent events", content: { "text/event-stream": { schema: z.string() } } };
const eventAnswers = {
  200: stream,
  204: { description: "The run is over, and the client has all its events" },
  400: problemAnswer("The last event's id is not a number, or `all` is neither 0 nor 1"),
  404: problemAnswer("The run does not exist"),
};
const lastEvent = {
  query: z.object({ lastEventId: z.string().regex(/^\d{1,15}$/).optional(), all: z.enum(["0", "1"]).optional() }),
};

/** The state that a run needs for an action. */
const STATES_FOR: Readonly<Record<RunAction, string>> = {
  pause: "running",
  resume: "paused",
  stop: "running, paused, or queued with a search",
};

export function runRoutes(routes: Routes, { runs, cluster }: Services, sse: EventsOptions): void {
  const findRun = runFinder(runs);

  routes.add({
    method: "get",
    path: "/events",
    summary: "Events of the run that this process trains or serves, as a stream",
    request: lastEvent,
    responses: eventAnswers,
  }, async (c) => eventsResponse(c, await findRun(runs.current), runs, sse));

  routes.add({
    method: "get",
    path: "/runs",
    summary:
      "Runs, newest first; filtered by state, by tag, by a text in id, notes or data, and to those before `after`",
    request: { query: listQuery },
    responses: {
      200: jsonAnswer(
        "The runs. `trains` is true if `POST /runs` works; `next` is the value of `after` for the next page, if any",
        runListSchema,
      ),
      400: problemAnswer("The query is invalid"),
    },
  }, async (c) => {
    const query = readQuery(c.env.target.query());
    // One more than requested shows whether a next page exists.
    const found = await runs.list({ ...query, limit: query.limit + 1 });
    const shown = found.slice(0, query.limit);
    const next = found.length > shown.length ? shown.at(-1)!.id : null;
    return c.json({ current: runs.current, trains: runs.trains, runs: shown, next });
  });

  routes.add({
    method: "get",
    path: "/runs/{id}",
    summary: "One run",
    request,
    responses: { 200: jsonAnswer("The run", runSchema), 404: problemAnswer("The run does not exist") },
  }, async (c) => c.json(await findRun(c.req.param("id"))));

  routes.add({
    method: "get",
    path: "/runs/{id}/events",
    summary: "Events of one run, as a stream",
    request: { ...request, ...lastEvent },
    responses: eventAnswers,
  }, async (c) => eventsResponse(c, await findRun(c.req.param("id")), runs, sse));

  routes.add({
    method: "get",
    path: "/runs/{id}/data",
    summary: "Statistics of the files that the run was trained on",
    request,
    responses: {
      200: jsonAnswer("Rows, classes, vocabulary, lengths and warnings", dataStatisticsSchema),
      404: problemAnswer("The run does not exist, or uses generated data"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const data = await runs.data(id);
    return data ? jsonText(data) : missing(`run ${id} uses generated data: expected a run trained on files`);
  });

  routes.add({
    method: "get",
    path: "/runs/{id}/judgement",
    summary: "Evaluation of the run's model on validation and test rows",
    request,
    responses: {
      200: jsonAnswer("Metrics, classes, confusion matrix and the worst mistakes", evaluationsSchema),
      404: problemAnswer("The run does not exist, or has no evaluation yet"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const evaluation = await runs.evaluation(id);
    return evaluation
      ? jsonText(evaluation)
      : missing(`run ${id} has no evaluation: expected a finished run trained on files`);
  });

  for (const action of RUN_ACTIONS) {
    routes.add({
      method: "post",
      path: `/runs/{id}/${action}`,
      summary: `Request the run to ${action} after its current round`,
      request,
      responses: {
        202: jsonAnswer("The run, with the request accepted", runSchema),
        404: problemAnswer("The run does not exist"),
        409: problemAnswer("The run does not train in this process, or its state does not allow it"),
      },
    }, async (c) => {
      const { id, state } = await findRun(c.req.param("id"));
      if (runs.act(id, action)) return c.json(await findRun(id), 202);
      const message = `Cannot ${action} run ${id}, which is ${state}: expected a run that is ${
        STATES_FOR[action]
      } in this process`;
      return problemResponse(409, [{ field: "id", message }]);
    });
  }

  routes.add({
    method: "get",
    path: "/cluster",
    summary: "The machines that train the run, as this one sees them",
    responses: {
      200: jsonAnswer("The machines", clusterStatusSchema),
      404: problemAnswer("No other machine takes part"),
    },
  }, (c) => {
    const status = cluster?.();
    if (status) return c.json(status);
    throw new Refusal(404, {
      field: "cluster",
      message: "the run is on one machine: it was started without `cluster`",
    });
  });
}

function jsonText(bytes: JsonText): Response {
  return new Response(bytes, { headers: { "Content-Type": "application/json" } });
}

function missing(message: string): Response {
  return problemResponse(404, [{ field: "id", message }]);
}
