/** Surrounds every request: the gate before it; security headers, the request's id and the access log after it. */
import { randomUUID } from "node:crypto";
import { corsHeaders, type Gate, preflight } from "./gate.ts";
import type { RouteMetrics } from "../metrics.ts";
import { problemResponse, Refusal } from "./problem.ts";
import type { BodyMemory } from "./body_memory.ts";
import { noPeer, type Peer } from "./peer.ts";
import type { Context } from "hono";
import type { Asked, RouteEnv } from "./routes.ts";
import type { Target } from "./target.ts";

/** A line of the access log. */
export interface AccessRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly request: string;
  readonly run: string;
  readonly client: string;
  readonly method: string;
  /** The path that the router saw; the whole target if the gate refused it. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
}

interface FrontOptions {
  readonly gate: Gate;
  /** Returns the client's IP address. */
  readonly clientOf: (request: Request, peer: Peer) => string;
  readonly corsOrigin: string | undefined;
  /** Returns the id of the served run. */
  readonly run: () => string;
  /** Receives a record of every answer. */
  readonly onAccess: ((record: AccessRecord) => void) | undefined;
  /** Returns the answer to an error. */
  readonly onError: (error: unknown) => Response;
  /** Counts requests that the gate refused. */
  readonly refused: RouteMetrics;
  readonly bodies: BodyMemory;
}

const SECURITY_HEADERS = {
  // For all but pages, which have a policy of their own.
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
} as const;

/** A valid id of a client for its request; otherwise the server makes one. */
const REQUEST_ID = /^[\w.:+/=-]{1,128}$/;

/**
 * Returns a 200 with JSON that gets no further headers. It needs none: it answers a POST, which is neither stored nor shown
 * as a page, and browsers do not guess its type.
 */
export function bareJson(
  { env }: Context<RouteEnv>,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Response {
  const response = new Response(JSON.stringify(body), {
    headers: { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff", ...headers },
  });
  env.isComplete = true;
  return response;
}

/** Returns a 500 with the security headers, for an error that escaped the app. */
export function failureResponse(): Response {
  return dress(problemResponse(500, []), { ...SECURITY_HEADERS, ...corsHeaders(undefined) });
}

function dress(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

function tooMany(): Refusal {
  const message = "too many requests at a time on this connection: send one after another";
  return new Refusal(503, { field: "connection", message }, { "Retry-After": "1" });
}

/** Characters of an unreadable target in the log. */
const LONGEST_LOGGED = 200;

/** The app, as the socket calls it. */
export type Fetch = (request: Request, peer?: Peer) => Promise<Response>;

export function createFront(
  inner: (request: Request, asked: Asked) => Response | Promise<Response>,
  options: FrontOptions,
): Fetch {
  const { gate, clientOf, corsOrigin, run, onAccess, onError, refused, bodies } = options;
  const always = { ...SECURITY_HEADERS, ...corsHeaders(corsOrigin) };

  /** Returns the request's target, which all later code uses, or its refusal. */
  function read(request: Request): Target | Refusal {
    try {
      return gate(request);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  async function answer(request: Request, target: Target | Refusal, peer: Peer): Promise<Response> {
    let asked: Asked | undefined;
    let response: Response;
    try {
      if (!peer.begin()) return refuse(tooMany());
      if (target instanceof Refusal) return refuse(target);
      const allowed = preflight(request, corsOrigin);
      if (allowed) return dress(allowed, always);
      asked = {
        target,
        peer,
        client: clientOf(request, peer),
        bodies,
        right: "all",
        held: 0,
        metrics: undefined,
        begun: 0,
        onError: undefined,
        isComplete: false,
      };
      response = await inner(request, asked);
    } catch (error) {
      response = onError(error);
    } finally {
      if (asked) bodies.give(asked.held);
      peer.end();
    }
    asked?.metrics?.observe(response.status, (performance.now() - asked.begun) / 1000);
    return asked?.isComplete && corsOrigin === undefined ? response : dress(response, always);
  }

  function refuse(refusal: Refusal): Response {
    refused.observe(refusal.status, 0);
    return dress(onError(refusal), always);
  }

  async function named(
    request: Request,
    target: Target | Refusal,
    peer: Peer,
    given: string | null,
  ): Promise<Response> {
    const begun = performance.now();
    const id = given !== null && REQUEST_ID.test(given) ? given : randomUUID();
    const response = await answer(request, target, peer);
    response.headers.set("X-Request-Id", id);
    onAccess?.({
      at: new Date().toISOString(),
      request: id,
      run: run(),
      client: clientOf(request, peer),
      method: request.method,
      path: target instanceof Refusal ? request.url.slice(0, LONGEST_LOGGED) : target.path,
      status: response.status,
      milliseconds: Math.round((performance.now() - begun) * 1000) / 1000,
    });
    return response;
  }

  // Not async: on the path of a prediction each promise costs.
  return (request, peer = noPeer()) => {
    const target = read(request);
    const given = request.headers.get("x-request-id");
    return given === null && !onAccess ? answer(request, target, peer) : named(request, target, peer, given);
  };
}
