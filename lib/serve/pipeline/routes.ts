/**
 * Declares each route once: its request and answers for `/openapi.json`, its handler for the app, and the metrics of its
 * answers.
 */
import { patternOf } from "../../base/printable.ts";
import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { z } from "@hono/zod-openapi";
import { nearest } from "../../base/nearest.ts";
import type { HttpMetrics, RouteMetrics } from "../metrics.ts";
import type { Access, Right } from "./access.ts";
import type { BodyMemory } from "./body_memory.ts";
import type { Peer } from "./peer.ts";
import { gateAnswers } from "./gate.ts";
import type { Target } from "./target.ts";

/** A request's facts from the front, for its handler. */
export interface Asked {
  readonly target: Target;
  readonly peer: Peer;
  /** IP address of the client: the peer's, or the one that a proxy names. */
  readonly client: string;
  readonly bodies: BodyMemory;
  /** The right of the client, once its token was checked. */
  right: Right;
  /** Bytes reserved of `bodies` until the request is answered. */
  held: number;
  /** Set by the route that answers: its metrics, its time of the beginning, and its way to answer errors. */
  metrics: RouteMetrics | undefined;
  begun: number;
  onError: OnError | undefined;
  /** True for an answer that needs no further headers: each costs as much as parsing the request. */
  isComplete: boolean;
}

export interface RouteEnv {
  Bindings: Asked;
}

/** Returns the answer to a handler's error; `signal` has aborted if the client left. */
type OnError = (error: unknown, signal: AbortSignal) => Response;

export type Handler = (context: Context<RouteEnv>) => Response | Promise<Response>;

interface RouteOptions {
  /** Answers every client, without a token or a rate limit. A route is closed by default. */
  readonly open?: boolean;
  /** Answers clients with the token of people who label, too. */
  readonly forLabelling?: boolean;
  /** Replaces the app's. */
  readonly onError?: OnError;
}

interface RoutesOptions {
  readonly metrics: HttpMetrics;
  readonly onError: OnError;
  /** Checks every request of closed routes; undefined without token and rate limit. */
  readonly access: Access | undefined;
}

/** Describes an answer with a JSON body of `schema`, for the OpenAPI document. */
export function jsonAnswer(description: string, schema: z.ZodType): { description: string; content: object } {
  return { description, content: { "application/json": { schema } } };
}

export class Routes {
  // Routes by the path that the gate has read.
  readonly #hono = new Hono<RouteEnv>({ getPath: (_, context) => context!.env!.target.path });
  /** Holds only the document. */
  readonly #document = new OpenAPIHono();
  readonly #options: RoutesOptions;
  readonly #refused: RouteMetrics;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#refused = options.metrics.route("any", "refused");
  }

  /** Declares `config`, whose path has `{name}` for a parameter, with its `handler`. */
  add(config: RouteConfig, handler: Handler, options: RouteOptions = {}): void {
    const responses = { ...gateAnswers(options.open ?? false), ...config.responses };
    this.#document.openAPIRegistry.registerPath({ ...config, responses });
    this.plain(config.method, config.path, handler, options);
  }

  /** Adds a route that is not in the document. */
  plain(method: string, path: string, handler: Handler, options: RouteOptions = {}): void {
    const metrics = this.#options.metrics.route(method.toUpperCase(), path);
    // Not async, and the front observes the answer: on the path of a prediction each promise costs.
    this.#on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ":$1"), (context) => {
      const { env } = context;
      env.metrics = metrics;
      env.onError = options.onError;
      env.begun = performance.now();
      return handler(context);
    }, options);
  }

  /** Adds a file or page, which has nothing of a run, without metrics; with an `ETag` if browsers may `keep` it. */
  asset(path: string, handler: Handler, keep: boolean): void {
    this.#on("GET", path, handler, { forLabelling: true }, keep ? [etag()] : []);
  }

  /** Answers requests without a route, if the client has access. */
  otherwise(answer: (method: string, path: string, allowed: readonly string[], meant?: string) => Response): void {
    this.#hono.notFound((context) => {
      const { method, path } = context.req;
      const refusal = this.#refusal(context);
      if (refusal) return refusal;
      const allowed = this.#methodsOf(path);
      return answer(method, path, allowed, allowed.length > 0 ? undefined : this.#meant(path));
    });
    this.#hono.onError((error, { env, req }) => (env.onError ?? this.#options.onError)(error, req.raw.signal));
  }

  fetch(request: Request, asked: Asked): Response | Promise<Response> {
    return this.#hono.fetch(request, asked);
  }

  /** Adds a route to the router: a closed one behind the check. The only way in. */
  #on(method: string, path: string, handler: Handler, options: RouteOptions, more: MiddlewareHandler[] = []): void {
    const { open, forLabelling = false } = options;
    const check: MiddlewareHandler<RouteEnv> = async (context, next) =>
      this.#refusal(context, forLabelling) ?? await next();
    const before = open || !this.#options.access ? more : [check, ...more];
    this.#hono.on(method, [path], ...before, handler);
  }

  #refusal(context: Context<RouteEnv>, forLabelling = false): Response | undefined {
    const { access, onError } = this.#options;
    try {
      if (access) context.env.right = access(context.req.raw, context.env.client, forLabelling);
      return undefined;
    } catch (error) {
      const response = onError(error, context.req.raw.signal);
      this.#refused.observe(response.status, 0);
      return response;
    }
  }

  /** Returns the methods of the routes that match `path`; none if no route does. */
  #methodsOf(path: string): string[] {
    const matches = this.#hono.routes.filter((route) => pattern(route.path).test(path));
    return [...new Set(matches.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]))];
  }

  /** Guesses the route that was meant by `path`, which has none. Parameters, such as an id, are those of `path`. */
  #meant(path: string): string | undefined {
    const parts = path.split("/");
    const paths = this.#hono.routes.map((route) => route.path.split("/")).filter(({ length }) =>
      length === parts.length
    )
      .map((route) => route.map((part, at) => part.startsWith(":") && parts[at] !== "" ? parts[at]! : part).join("/"));
    return nearest(path, paths);
  }

  /** Returns the OpenAPI document of all routes, for `server`: a URL, or a reference relative to the document. */
  document(version: string, server: string): object {
    return this.#document.getOpenAPI31Document({
      openapi: "3.1.0",
      servers: [{ url: server }],
      info: {
        title: "Lockstep",
        version,
        description: "Shows and controls the training of text classifiers, and predicts with their newest weights.",
      },
    });
  }
}

function pattern(path: string): RegExp {
  const parts = path.split(/:\w+/).map((part) => patternOf(part));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}
