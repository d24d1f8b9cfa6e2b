/** Errors as clients see them: RFC 9457 problems that name the field, the value and what was expected. */
import { z } from "@hono/zod-openapi";
import { MOST_LISTED, type Problem } from "../../base/errors.ts";

const titles = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** The first of `errors`, and the number of others. */
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })),
}).openapi("Problem");

/** Describes an answer with a problem, for the OpenAPI document. */
export function problemAnswer(description: string): { description: string; content: object } {
  return { description, content: { "application/problem+json": { schema: problemSchema } } };
}

type ProblemStatus = keyof typeof titles;

/** Refuses a request; thrown from inside a handler. Wrong content is an InputError instead. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: ProblemStatus;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ProblemStatus, problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
    this.headers = headers;
  }
}

/** Returns the response with `errors`; `more` counts others. Without errors it has only a general detail. */
export function problemResponse(
  status: ProblemStatus,
  errors: readonly Problem[],
  headers: Readonly<Record<string, string>> = {},
  more = 0,
): Response {
  const others = errors.length + more - 1;
  const rest = others > 0 ? ` (and ${others.toLocaleString("en")} more)` : "";
  const detail = errors[0] ? errors[0].message + rest : "the server failed to answer";
  const body = { type: "about:blank", title: titles[status], status, detail, errors: errors.slice(0, MOST_LISTED) };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "Content-Type": "application/problem+json" },
  });
}
