/** Checks the server's token and each client's rate. A route is closed, which needs both, unless it is declared open. */
import { remember } from "../../base/remember.ts";
import { counted } from "../../base/counted.ts";
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "./problem.ts";

interface AccessOptions {
  /** Clients send it as `Authorization: Bearer …`; undefined: no token is needed. */
  readonly token: string | undefined;
  /** Opens only the routes for labelling; without it, `token` does that. */
  readonly labelToken?: string | undefined;
  /** Requests per client and second; 0: no limit. */
  readonly rateLimit: number;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Shorter tokens can be guessed. */
const LEAST_LENGTH = 16;

/** Says what is wrong with `token`; undefined if clients cannot guess it. */
export function tokenProblem(token: string): string | undefined {
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= LEAST_LENGTH) return undefined;
  return `has ${counted(token.length, "character")}: expected at least ${LEAST_LENGTH}, without blanks, such as the ` +
    "output of openssl rand -hex 32";
}

/** Says why the token of people who only label would protect nothing; undefined if it does. */
export function labelTokenProblem(labelToken: string, token: string | undefined): string | undefined {
  if (token === undefined) return "needs another token, for all other requests";
  return labelToken === token ? "is the one for all requests: expected another one" : tokenProblem(labelToken);
}

/** The right that the token of a request gives: all routes, or only those for labelling. */
export type Right = "all" | "label";

/** Returns the right of a request. Throws a Refusal for one without access. */
export type Access = (request: Request, client: string, forLabelling: boolean) => Right;

/** Returns the check of closed routes; undefined without token and rate limit. */
export function createAccess({ token, labelToken, rateLimit, now }: AccessOptions): Access | undefined {
  const isToken = token === undefined ? undefined : tokenCheck(token);
  const isLabelToken = labelToken === undefined ? undefined : tokenCheck(labelToken);
  const take = rateLimit > 0 ? rateLimiter(rateLimit, now) : undefined;
  if (!isToken && !take) return undefined;
  return (request, client, forLabelling) => {
    const waitSeconds = take?.(client) ?? 0;
    if (waitSeconds > 0) {
      const message = `this client sends more than ${counted(rateLimit, "request")} a second: retry later`;
      throw new Refusal(429, { field: "rate", message }, { "Retry-After": String(Math.ceil(waitSeconds)) });
    }
    const header = request.headers.get("Authorization");
    if (!isToken || isToken(header)) return "all";
    if (!forLabelling || !isLabelToken?.(header)) {
      const message = "expected the server's token as Authorization: Bearer …, or as the password of Basic";
      const headers = { "WWW-Authenticate": 'Basic realm="lockstep", Bearer realm="lockstep"' };
      throw new Refusal(401, { field: "Authorization", message }, headers);
    }
    return "label";
  };
}

/**
 * Returns a function that tells whether a header has `token`; browsers, which send no bearer token, send it as a password.
 * It compares digests, so that the time does not depend on where two tokens differ.
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

/** Returns the password of Basic credentials. */
function password(base64: string): string {
  const text = Buffer.from(base64, "base64").toString("utf8");
  return text.includes(":") ? text.slice(text.indexOf(":") + 1) : "";
}

/** Limit of remembered clients: more than a small server has. */
const MOST_CLIENTS = 10_000;

/**
 * Returns a token bucket per client, which holds the tokens of one second and at least one. It gives the seconds to wait,
 * 0 for a request that may be answered.
 */
export function rateLimiter(perSecond: number, now: () => number): (client: string) => number {
  const capacity = Math.max(1, perSecond);
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (client) => {
    const at = now();
    const bucket = buckets.get(client) ?? { tokens: capacity, at };
    bucket.tokens = Math.min(capacity, bucket.tokens + (at - bucket.at) / 1000 * perSecond);
    bucket.at = at;
    remember(buckets, client, bucket, MOST_CLIENTS);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond;
    bucket.tokens--;
    return 0;
  };
}
