/** `/runs`, `/events` and what can be asked of a run that trains. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../data/batches/check_tokens.ts";
import { InputError } from "../../base/errors.ts";
import { dataStatisticsSchema } from "../../data/statistics.ts";
import { evaluationsSchema } from "../../model/evaluation.ts";
import { type JsonText, RUN_ACTIONS, RUN_STATES, type RunAction, type RunQuery } from "../../run/types.ts";
import { problemAnswer, problemResponse } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import { idSchema, runFinder, runSchema } from "./run_schema.ts";
import { type EventsOptions, eventsResponse } from "./run_events.ts";
import type { Services } from "../services.ts";

/** Runs of one answer. */
const MOST_LISTED = 1000;

const request = { params: z.object({ id: idSchema }) };

const queryFields = {
  state: z.enum(RUN_STATES),
  text: z.string().max(200),
  after: idSchema,
  limit: z.string().regex(/^[1-9]\d{0,3}$/).transform(Number).pipe(z.int().max(MOST_LISTED)),
};
const listQuery = z.object(queryFields).partial();
const WANTED: Readonly<Record<keyof typeof queryFields, string>> = {
  state: RUN_STATES.join(", "),
  text: "at most 200 characters",
  after: "the id of a run",
  limit: `a whole number from 1 to ${MOST_LISTED}`,
};

/** The query of a list. Throws an InputError that names what is wrong with it. */
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
  204: { description: "The run is over, and the client has all of its events" },
  400: problemAnswer("The last event's id is no number, or `all` is neither 0 nor 1"),
  404: problemAnswer("There is no such run"),
};
const lastEvent = {
  query: z.object({ lastEventId: z.string().regex(/^\d{1,15}$/).optional(), all: z.enum(["0", "1"]).optional() }),
};

/** What a run has to be for an action. */
const STATES_FOR: Readonly<Record<RunAction, string>> = {
  pause: "running",
  resume: "paused",
  stop: "running or paused",
};

export function runRoutes(routes: Routes, { runs }: Services, sse: EventsOptions): void {
  const findRun = runFinder(runs);

  routes.add({
    method: "get",
    path: "/events",
    summary: "Events of the run that this process trains or serves",
    request: lastEvent,
    responses: eventAnswers,
  }, async (c) => eventsResponse(c, await findRun(runs.current), runs, sse));

  routes.add({
    method: "get",
    path: "/runs",
    summary: "Runs, the newest first: all, or those of a state, with a text in their names, older than the run `after`",
    request: { query: listQuery },
    responses: {
      200: jsonAnswer(
        "The runs, and whether `POST /runs` takes more; where there are more, `next` is what `after` has to be for them",
        z.object({
          current: z.string(),
          trains: z.boolean(),
          runs: z.array(runSchema),
          next: z.string().nullable(),
        }),
      ),
      400: problemAnswer("The query is not right"),
    },
  }, async (c) => {
    const query = readQuery(c.env.target.query());
    // One more than asked for says whether there is more.
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
    responses: { 200: jsonAnswer("The run", runSchema), 404: problemAnswer("There is no such run") },
  }, async (c) => c.json(await findRun(c.req.param("id"))));

  routes.add({
    method: "get",
    path: "/runs/{id}/events",
    summary: "Events of one run",
    request: { ...request, ...lastEvent },
    responses: eventAnswers,
  }, async (c) => eventsResponse(c, await findRun(c.req.param("id")), runs, sse));

  routes.add({
    method: "get",
    path: "/runs/{id}/data",
    summary: "What the files held that the run was trained on",
    request,
    responses: {
      200: jsonAnswer("What they held", dataStatisticsSchema),
      404: problemAnswer("There is no such run, or it makes its own data"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const data = await runs.data(id);
    return data ? jsonText(data) : notThere(`run ${id} was not trained on files`);
  });

  routes.add({
    method: "get",
    path: "/runs/{id}/judgement",
    summary: "How the run's model does on rows that were kept from training",
    request,
    responses: {
      200: jsonAnswer("Figures, classes, confusion and the worst mistakes", evaluationsSchema),
      404: problemAnswer("There is no such run, or it has not been judged"),
    },
  }, async (c) => {
    const { id } = await findRun(c.req.param("id"));
    const judgement = await runs.judgement(id);
    return judgement
      ? jsonText(judgement)
      : notThere(`run ${id} has no judgement: expected one on files that has finished`);
  });

  for (const action of RUN_ACTIONS) {
    routes.add({
      method: "post",
      path: `/runs/{id}/${action}`,
      summary: `Asks the run to ${action} after the round under way`,
      request,
      responses: {
        202: jsonAnswer("The run, which was asked", runSchema),
        404: problemAnswer("There is no such run"),
        409: problemAnswer("It is not training here, or not in a state for it"),
      },
    }, async (c) => {
      const { id, state } = await findRun(c.req.param("id"));
      if (runs.act(id, action)) return c.json(await findRun(id), 202);
      const message = `run ${id} is ${state}, and cannot ${action}: expected one that is ${STATES_FOR[action]} here`;
      return problemResponse(409, [{ field: "id", message }]);
    });
  }
}

function jsonText(bytes: JsonText): Response {
  return new Response(bytes, { headers: { "Content-Type": "application/json" } });
}

function notThere(message: string): Response {
  return problemResponse(404, [{ field: "id", message }]);
}
