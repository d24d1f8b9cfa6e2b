/** What surrounds every request: the gate before it, headers, the request's id and the access log after it. */
import { randomUUID } from "node:crypto";
import { corsHeaders, type Gate, preflight } from "./gate.ts";
import type { RouteFigures } from "../metrics.ts";
import { problemResponse, Refusal } from "./problem.ts";
import type { BodyMemory } from "./body_memory.ts";
import { noPeer, type Peer } from "./peer.ts";
import type { Asked } from "./routes.ts";
import type { Target } from "./target.ts";

/** A line of the access log. */
export interface AccessRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly request: string;
  readonly run: string;
  readonly client: string;
  readonly method: string;
  /** The path that the router saw; the whole target of a request that was refused before. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
}

export interface FrontOptions {
  readonly gate: Gate;
  /** The IP address of who asks. */
  readonly clientOf: (request: Request, peer: Peer) => string;
  readonly corsOrigin: string | undefined;
  /** The run that is served. */
  readonly run: () => string;
  /** Told of every answer, if given. */
  readonly onAccess: ((record: AccessRecord) => void) | undefined;
  /** What an error is answered with. */
  readonly onError: (error: unknown) => Response;
  /** Of requests that the gate refused. */
  readonly refused: RouteFigures;
  readonly bodies: BodyMemory;
}

const SECURITY_HEADERS = {
  // Of what is no page; pages say themselves what they may load.
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
} as const;

/** What a client may call its request; others get a name of ours. */
const REQUEST_ID = /^[\w.:+/=-]{1,128}$/;

/** An answer that has all the headers it needs: each costs as much as parsing the request does. */
class BareResponse extends Response {}

/**
 * A 200 of JSON that nobody else adds headers to. To be stored or shown as a page it has no chance: it answers a POST,
 * and its type is not guessed at.
 */
export function bareJson(body: unknown, headers: Readonly<Record<string, string>>): Response {
  return new BareResponse(JSON.stringify(body), {
    headers: { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff", ...headers },
  });
}

/** Of an answer that nothing else is known about: no 500 goes without the headers that the others have. */
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
  const message = "this connection asks for too much at a time: expected one request after another, as by HTTP/1.1";
  return new Refusal(503, { field: "connection", message }, { "Retry-After": "1" });
}

/** Of a target that could not be read, what the log says. */
const LONGEST_LOGGED = 200;

/** The app as the socket sees it. */
export type Fetch = (request: Request, peer?: Peer) => Promise<Response>;

export function createFront(
  inner: (request: Request, asked: Asked) => Response | Promise<Response>,
  options: FrontOptions,
): Fetch {
  const { gate, clientOf, corsOrigin, run, onAccess, onError, refused, bodies } = options;
  const always = { ...SECURITY_HEADERS, ...corsHeaders(corsOrigin) };

  /** The one reading of the request's target that all go by, or why there is none. */
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
    try {
      if (!peer.begin()) return refuse(tooMany());
      if (target instanceof Refusal) return refuse(target);
      const allowed = preflight(request, corsOrigin);
      if (allowed) return dress(allowed, always);
      asked = { target, peer, client: clientOf(request, peer), bodies, held: 0 };
      const response = await inner(request, asked);
      return response instanceof BareResponse && corsOrigin === undefined ? response : dress(response, always);
    } catch (error) {
      return dress(onError(error), always);
    } finally {
      if (asked) bodies.give(asked.held);
      peer.end();
    }
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

  // Not async itself, nor is anything else on the way of a prediction that need not be: each promise costs.
  return (request, peer = noPeer()) => {
    const target = read(request);
    const given = request.headers.get("x-request-id");
    return given === null && !onAccess ? answer(request, target, peer) : named(request, target, peer, given);
  };
}
