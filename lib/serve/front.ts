/** What surrounds every request: the gate before it, headers, the request's id and the access log after it. */
import { randomUUID } from "node:crypto";
import { corsHeaders, type Gate, preflight } from "./gate.ts";
import type { RouteFigures } from "./metrics.ts";

/** A line of the access log. */
export interface AccessRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly request: string;
  readonly run: string;
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
}

export interface FrontOptions {
  readonly gate: Gate;
  readonly corsOrigin: string | undefined;
  /** The run that is served. */
  readonly run: () => string;
  /** Told of every answer, if given. */
  readonly onAccess: ((record: AccessRecord) => void) | undefined;
  /** What an error of the gate is answered with. */
  readonly onError: (error: unknown) => Response;
  /** Of requests that the gate refused. */
  readonly refused: RouteFigures;
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

/** The app as the socket sees it; `client` says the address that asks. */
export type Fetch = (request: Request, client?: () => string) => Promise<Response>;

export function createFront(
  inner: (request: Request, client: () => string) => Response | Promise<Response>,
  options: FrontOptions,
): Fetch {
  const { gate, corsOrigin, run, onAccess, onError, refused } = options;
  const always = { ...SECURITY_HEADERS, ...corsHeaders(corsOrigin) };

  function dress(response: Response): Response {
    for (const [name, value] of Object.entries(always)) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    return response;
  }

  async function answer(request: Request, client: () => string): Promise<Response> {
    const begun = performance.now();
    try {
      const asked = preflight(request, corsOrigin);
      if (asked) return dress(asked);
      gate(request, client);
    } catch (error) {
      const response = onError(error);
      refused.observe(response.status, (performance.now() - begun) / 1000);
      return dress(response);
    }
    const response = await inner(request, client);
    return response instanceof BareResponse && corsOrigin === undefined ? response : dress(response);
  }

  async function named(request: Request, client: () => string, given: string | null): Promise<Response> {
    const begun = performance.now();
    const id = given !== null && REQUEST_ID.test(given) ? given : randomUUID();
    const response = await answer(request, client);
    response.headers.set("X-Request-Id", id);
    onAccess?.({
      at: new Date().toISOString(),
      request: id,
      run: run(),
      client: client(),
      method: request.method,
      path: new URL(request.url).pathname,
      status: response.status,
      milliseconds: Math.round((performance.now() - begun) * 1000) / 1000,
    });
    return response;
  }

  // Not async itself, nor is anything else on the way of a prediction that need not be: each promise costs.
  return (request, client = () => "") => {
    const given = request.headers.get("X-Request-Id");
    return given === null && !onAccess ? answer(request, client) : named(request, client, given);
  };
}
