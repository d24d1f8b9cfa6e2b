/** Grants access to a route: the server's token, and not too often. A route that does not say that it is open asks for both. */
import { counted } from "../../base/counted.ts";
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "./problem.ts";

export interface AccessOptions {
  /** Clients have to send it as `Authorization: Bearer …`; undefined: nothing. */
  readonly token: string | undefined;
  /** Requests that each client may make in a second; 0: any number. */
  readonly rateLimit: number;
  /** Milliseconds, of any beginning. */
  readonly now: () => number;
}

/** Throws a Refusal for a request that may not be answered. */
export type Access = (request: Request, client: string) => void;

/** Returns the check of all routes that are not open; undefined where everybody may ask anything. */
export function createAccess({ token, rateLimit, now }: AccessOptions): Access | undefined {
  const isToken = token === undefined ? undefined : tokenCheck(token);
  const take = rateLimit > 0 ? rateLimiter(rateLimit, now) : undefined;
  if (!isToken && !take) return undefined;
  return (request, client) => {
    const waitSeconds = take?.(client) ?? 0;
    if (waitSeconds > 0) {
      const message = `this client asks more than ${counted(rateLimit, "time")} a second`;
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
