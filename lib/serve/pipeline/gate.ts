/** Checks every request before the router sees it: a target that can be read in one way only, the server's name, the origin. */
import { type AllowedHosts, checkOrigin, hostCheck } from "./guard.ts";
import type { PublicAddress } from "./public_address.ts";
import { problemAnswer } from "./problem.ts";
import { type Target, targetReader } from "./target.ts";

export interface GateOptions {
  readonly allowedHosts: AllowedHosts;
  /** Origin whose pages may ask; `*` for all, undefined for none but our own. */
  readonly corsOrigin: string | undefined;
  /** What others know the server by: its host is allowed, and so are its own pages. */
  readonly publicAddress?: PublicAddress | undefined;
}

/** Lists the refusals of gate and access as the document has them. `open` routes want no token and count no requests. */
export function gateAnswers(method: string, open: boolean): Record<string, ReturnType<typeof problemAnswer>> {
  return {
    400: problemAnswer("Its target or its Host header is not well-formed"),
    ...open ? {} : { 401: problemAnswer("The server wants a token, and this is none or another") },
    ...method === "get" ? {} : { 403: problemAnswer("A page of another site sent it") },
    421: problemAnswer("It was asked by a name that is not this server's"),
    ...open ? {} : { 429: problemAnswer("This client asks too often") },
  };
}

/** Returns the target that everything after it goes by. Throws a Refusal for a request that may not be answered. */
export type Gate = (request: Request) => Target;

export function createGate({ allowedHosts, corsOrigin, publicAddress }: GateOptions): Gate {
  const readTarget = targetReader();
  const checkHost = hostCheck(
    publicAddress && allowedHosts !== "any" ? [...allowedHosts, publicAddress.host] : allowedHosts,
  );
  const origins = [corsOrigin, publicAddress?.origin];
  return (request) => {
    const target = readTarget(request);
    checkHost(target.authority);
    const { method } = request;
    if (method !== "GET" && method !== "HEAD" && !isPreflight(request, corsOrigin)) {
      checkOrigin(request, target.authority, origins);
    }
    return target;
  };
}

function isPreflight(request: Request, corsOrigin: string | undefined): boolean {
  return corsOrigin !== undefined && request.method === "OPTIONS" &&
    request.headers.has("Access-Control-Request-Method");
}

/** Headers of an answer that pages of `corsOrigin` may read; none without one. */
export function corsHeaders(corsOrigin: string | undefined): Readonly<Record<string, string>> {
  if (corsOrigin === undefined) return { "Cross-Origin-Resource-Policy": "same-origin" };
  return {
    "Access-Control-Allow-Origin": corsOrigin,
    ...(corsOrigin === "*" ? {} : { "Vary": "Origin" }),
    "Access-Control-Expose-Headers": "Server-Timing, X-Request-Id, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
}

/** The answer to a browser that asks what a page of `corsOrigin` may send; undefined if it did not ask. */
export function preflight(request: Request, corsOrigin: string | undefined): Response | undefined {
  if (!isPreflight(request, corsOrigin)) return undefined;
  const headers = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-Id",
    "Access-Control-Max-Age": "600",
  };
  return new Response(null, { status: 204, headers });
}
