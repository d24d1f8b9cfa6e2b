/** What every request passes before a route sees it: name, origin, token, rate. */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { type AllowedHosts, checkOrigin, hostCheck } from "./guard.ts";
import { problemAnswer, Refusal } from "./problem.ts";

export interface GateOptions {
  readonly allowedHosts: AllowedHosts;
  /** What clients have to send as `Authorization: Bearer …`; undefined: nothing. */
  readonly token: string | undefined;
  /** Origin whose pages may ask; `*` for all, undefined for none but our own. */
  readonly corsOrigin: string | undefined;
  /** Requests that each client may make in a second; 0: any number. */
  readonly rateLimit: number;
  /** Milliseconds, of any beginning. */
  readonly now: () => number;
}

/** Whoever checks whether the process lives has no token, and asks often. */
const OPEN_PATHS = /^(\/v2\/health\/(live|ready)|\/(livez|readyz))$/;

/** What a request to a route may be refused with by the gate, as the document has it. */
export function gateAnswers(method: string, path: string): Record<string, ReturnType<typeof problemAnswer>> {
  const isOpen = OPEN_PATHS.test(path);
  return {
    ...isOpen ? {} : { 401: problemAnswer("The server wants a token, and this is none or another") },
    ...method === "get" ? {} : { 403: problemAnswer("A page of another site sent it") },
    421: problemAnswer("It was asked by a name that is not this server's"),
    ...isOpen ? {} : { 429: problemAnswer("This client asks too often") },
  };
}

/** Throws a Refusal for a request that may not be answered. `client` is its address. */
export type Gate = (request: Request, client: () => string) => void;

export function createGate({ allowedHosts, token, corsOrigin, rateLimit, now }: GateOptions): Gate {
  const isToken = token === undefined ? undefined : tokenCheck(token);
  const checkHost = hostCheck(allowedHosts);
  const take = rateLimit > 0 ? rateLimiter(rateLimit, now) : undefined;
  return (request, client) => {
    checkHost(request);
    if (request.method !== "GET" && request.method !== "HEAD") checkOrigin(request, corsOrigin);
    if (!take && !isToken || OPEN_PATHS.test(new URL(request.url).pathname)) return;
    const waitSeconds = take?.(client()) ?? 0;
    if (waitSeconds > 0) {
      const message = `this client asks more than ${rateLimit} times a second`;
      throw new Refusal(429, { field: "rate", message }, { "Retry-After": String(Math.ceil(waitSeconds)) });
    }
    if (isToken && !isToken(request.headers.get("Authorization"))) {
      const message = "expected the server's token: Authorization: Bearer …, or as the password of Basic";
      const headers = { "WWW-Authenticate": 'Basic realm="lockstep", Bearer realm="lockstep"' };
      throw new Refusal(401, { field: "Authorization", message }, headers);
    }
  };
}

/**
 * Whether a header holds `token`; browsers, which cannot send a bearer's, send it as a password. Digests are compared:
 * the time does not depend on where two tokens differ.
 */
function tokenCheck(token: string): (header: string | null) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const wanted = digest(token);
  return (header) => {
    const [, scheme, value = ""] = /^(Bearer|Basic) +(\S+) *$/i.exec(header ?? "") ?? [];
    const given = scheme?.toLowerCase() === "basic" ? password(value) : value;
    return timingSafeEqual(digest(given), wanted);
  };
}

/** What follows the user's name in Basic credentials. */
function password(base64: string): string {
  const text = Buffer.from(base64, "base64").toString("utf8");
  return text.includes(":") ? text.slice(text.indexOf(":") + 1) : "";
}

/** Clients that are remembered; more than one server this small has. */
const MOST_CLIENTS = 10_000;

/**
 * A bucket of tokens for each client, which holds those of a second and at least one. Says how many seconds to wait, 0
 * for a request that may be answered.
 */
export function rateLimiter(perSecond: number, now: () => number): (client: string) => number {
  const capacity = Math.max(1, perSecond);
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (client) => {
    const at = now();
    const bucket = buckets.get(client) ?? { tokens: capacity, at };
    bucket.tokens = Math.min(capacity, bucket.tokens + (at - bucket.at) / 1000 * perSecond);
    bucket.at = at;
    // Those that asked longest ago are forgotten first.
    buckets.delete(client);
    buckets.set(client, bucket);
    if (buckets.size > MOST_CLIENTS) buckets.delete(buckets.keys().next().value!);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond;
    bucket.tokens--;
    return 0;
  };
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
  if (corsOrigin === undefined || request.method !== "OPTIONS") return undefined;
  if (!request.headers.has("Access-Control-Request-Method")) return undefined;
  const headers = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-Id",
    "Access-Control-Max-Age": "600",
  };
  return new Response(null, { status: 204, headers });
}
