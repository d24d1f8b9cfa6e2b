/**
 * Checks every request before the router sees it: an unambiguous target, a Host that names this server (against DNS
 * rebinding), and no request of another site's page.
 */
import { describe } from "../../base/printable.ts";
import type { PublicAddress } from "./public_address.ts";
import { problemAnswer, Refusal } from "./problem.ts";
import { type Target, targetReader } from "./target.ts";

/** Host names without port, IPv6 in brackets; `any` if the names are not known, as behind a proxy. */
export type AllowedHosts = readonly string[] | "any";

export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Returns the names to accept when listening on `host`: its own names for a loopback address, otherwise any. */
export function allowedHostsFor(host: string): AllowedHosts {
  const name = host.toLowerCase();
  if (["localhost", "::1", "[::1]"].includes(name)) return LOOPBACK_HOSTS;
  return /^127(\.\d+){3}$/.test(name) ? [...new Set([...LOOPBACK_HOSTS, name])] : "any";
}

interface GateOptions {
  readonly allowedHosts: AllowedHosts;
  /** Origin whose pages may send requests; `*` for all, undefined for only the server's own pages. */
  readonly corsOrigin: string | undefined;
  /** Lets pages of every site send requests, as the app around this one decides about them; no page gets CORS headers. */
  readonly anyOrigin?: boolean;
  /** The server's address behind a proxy: its host and its pages are allowed. */
  readonly publicAddress?: PublicAddress | undefined;
}

/** Lists the refusals of gate and access for the OpenAPI document. `open` routes need no token and have no rate limit. */
export function gateAnswers(open: boolean): Record<string, ReturnType<typeof problemAnswer>> {
  return {
    400: problemAnswer("The request target or the Host header is malformed"),
    ...open ? {} : { 401: problemAnswer("The server's token is missing or wrong") },
    403: problemAnswer("A page of another site sent the request"),
    421: problemAnswer("The Host header does not name this server"),
    ...open ? {} : { 429: problemAnswer("The client exceeds the rate limit: retry after Retry-After") },
  };
}

/** Returns the target, which all later code uses. Throws a Refusal for a request that must not be answered. */
export type Gate = (request: Request) => Target;

export function createGate({ allowedHosts, corsOrigin, anyOrigin = false, publicAddress }: GateOptions): Gate {
  const readTarget = targetReader();
  const checkHost = hostCheck(
    publicAddress && allowedHosts !== "any" ? [...allowedHosts, publicAddress.host] : allowedHosts,
  );
  const origins = [anyOrigin ? "*" : corsOrigin, publicAddress?.origin];
  return (request) => {
    const target = readTarget(request);
    checkHost(target.authority);
    const { method } = request;
    if (method === "GET" || method === "HEAD") {
      if (corsOrigin === undefined && !anyOrigin) checkSite(request);
    } else if (!isPreflight(request, corsOrigin)) checkOrigin(request, target.authority, origins);
    return target;
  };
}

/** Returns the check of a request's authority. It throws a Refusal for a name that is not allowed. */
function hostCheck(allowed: AllowedHosts): (authority: string) => void {
  if (allowed === "any") return () => {};
  // Most requests have the name of the previous one.
  let good: string | undefined;
  return (authority) => {
    if (authority === good) return;
    if (!allowed.includes(authority.replace(/:\d+$/, "").toLowerCase())) {
      const message = `Host is ${describe(authority)}: expected ${allowed.join(", ")}`;
      throw new Refusal(421, { field: "Host", message });
    }
    good = authority;
  };
}

/** Throws a Refusal for a request to change or compute something from a page of neither this server nor `allowed`. */
function checkOrigin(request: Request, authority: string, allowed: readonly (string | undefined)[]): void {
  const origin = request.headers.get("origin");
  if (origin === null || allowed.includes("*") || allowed.includes(origin)) return;
  // Compares without the scheme, which differs behind a proxy that ends TLS.
  if (URL.parse(origin)?.host === URL.parse(`http://${authority}`)?.host) return;
  const message = `Origin is ${describe(origin)}: expected none, or that of this server`;
  throw new Refusal(403, { field: "Origin", message });
}

/**
 * Throws a Refusal for what a page of another site loads, such as an image at the address of a prediction or a stream. Its
 * browser hides the answer and says so in headers; links to a page of this server are followed.
 */
function checkSite({ headers }: Request): void {
  if (headers.get("sec-fetch-site") !== "cross-site" || headers.get("sec-fetch-mode") === "navigate") return;
  const message = "Sec-Fetch-Site is cross-site: expected a request of this server's pages, or a link to one";
  throw new Refusal(403, { field: "Sec-Fetch-Site", message });
}

function isPreflight(request: Request, corsOrigin: string | undefined): boolean {
  return corsOrigin !== undefined && request.method === "OPTIONS" &&
    request.headers.has("Access-Control-Request-Method");
}

/** Returns the headers that let pages of `corsOrigin` read an answer, or keep it from all other sites without one. */
export function corsHeaders(corsOrigin: string | undefined): Readonly<Record<string, string>> {
  if (corsOrigin === undefined) return { "Cross-Origin-Resource-Policy": "same-origin" };
  return {
    "Access-Control-Allow-Origin": corsOrigin,
    ...(corsOrigin === "*" ? {} : { "Vary": "Origin" }),
    "Access-Control-Expose-Headers": "Server-Timing, X-Request-Id, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
}

/** Answers a browser's preflight request for a page of `corsOrigin`; undefined for other requests. */
export function preflight(request: Request, corsOrigin: string | undefined): Response | undefined {
  if (!isPreflight(request, corsOrigin)) return undefined;
  const headers = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-Id",
    "Access-Control-Max-Age": "600",
  };
  return new Response(null, { status: 204, headers });
}
