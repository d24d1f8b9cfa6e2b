/**
 * Routes, each declared once: what it takes and answers goes into the document at `/openapi.json`, its handler into the
 * app, and its answers into the figures.
 */
import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { z } from "@hono/zod-openapi";
import type { HttpFigures, RouteFigures } from "../metrics.ts";
import type { Access } from "./access.ts";
import type { BodyMemory } from "./body_memory.ts";
import type { Peer } from "./peer.ts";
import { gateAnswers } from "./gate.ts";
import type { Target } from "./target.ts";

/** What the front knows of a request. */
export interface Asked {
  readonly target: Target;
  readonly peer: Peer;
  /** IP address of who asks: the peer's, or that of the client of a proxy. */
  readonly client: string;
  readonly bodies: BodyMemory;
  /** Bytes of its body that are taken of `bodies` until it is answered. */
  held: number;
}

export interface RouteEnv {
  Bindings: Asked;
}

/** What a handler's error is answered with; `signal` aborts when the client left. */
export type OnError = (error: unknown, signal: AbortSignal) => Response;

export type Handler = (context: Context<RouteEnv>) => Response | Promise<Response>;

export interface RouteOptions {
  /** Whoever asks is answered, without a token and as often as they like. A route that does not say so is closed. */
  readonly open?: boolean;
  /** Instead of the app's. */
  readonly onError?: OnError;
}

export interface RoutesOptions {
  readonly figures: HttpFigures;
  readonly onError: OnError;
  /** Checks every request but those for open routes; undefined where nothing is asked for. */
  readonly access: Access | undefined;
}

/** `description`, with a JSON body of `schema`. */
export function jsonAnswer(description: string, schema: z.ZodType): { description: string; content: object } {
  return { description, content: { "application/json": { schema } } };
}

export class Routes {
  // The path that the gate read is the one that is routed.
  readonly #hono = new Hono<RouteEnv>({ getPath: (_, context) => context!.env!.target.path });
  /** Holds the document only. */
  readonly #document = new OpenAPIHono();
  readonly #options: RoutesOptions;
  readonly #refused: RouteFigures;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#refused = options.figures.route("any", "refused");
  }

  /** Declares `config` (its path with `{name}` where a parameter is) and answers it by `handler`. */
  add(config: RouteConfig, handler: Handler, options: RouteOptions = {}): void {
    const responses = { ...gateAnswers(config.method, options.open ?? false), ...config.responses };
    this.#document.openAPIRegistry.registerPath({ ...config, responses });
    this.plain(config.method, config.path, handler, options);
  }

  /** A route that the document does not hold. */
  plain(method: string, path: string, handler: Handler, options: RouteOptions = {}): void {
    const { onError = this.#options.onError } = options;
    const figures = this.#options.figures.route(method.toUpperCase(), path);
    this.#on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
      const begun = performance.now();
      let response: Response;
      try {
        response = await handler(context);
      } catch (error) {
        response = onError(error, context.req.raw.signal);
      }
      figures.observe(response.status, (performance.now() - begun) / 1000);
      return response;
    }, options);
  }

  /** A file or page: no figures, and an `ETag` where it may be kept. */
  asset(path: string, handler: Handler, keep: boolean): void {
    this.#on("GET", path, handler, {}, keep ? [etag()] : []);
  }

  /** Answers what no route does, if it may ask at all. */
  otherwise(answer: (method: string, path: string, allowed: readonly string[]) => Response): void {
    this.#hono.notFound((context) => {
      const { method, path } = context.req;
      const refusal = this.#refusal(context);
      return refusal ?? answer(method, path, this.#methodsOf(path));
    });
    this.#hono.onError((error, context) => this.#options.onError(error, context.req.raw.signal));
  }

  fetch(request: Request, asked: Asked): Response | Promise<Response> {
    return this.#hono.fetch(request, asked);
  }

  /** The one way into the router: a route that is not open comes behind the check. */
  #on(method: string, path: string, handler: Handler, { open }: RouteOptions, more: MiddlewareHandler[] = []): void {
    const check: MiddlewareHandler<RouteEnv> = async (context, next) => this.#refusal(context) ?? await next();
    const before = open || !this.#options.access ? more : [check, ...more];
    this.#hono.on(method, [path], ...before, handler);
  }

  #refusal(context: Context<RouteEnv>): Response | undefined {
    const { access, onError } = this.#options;
    try {
      access?.(context.req.raw, context.env.client);
      return undefined;
    } catch (error) {
      const response = onError(error, context.req.raw.signal);
      this.#refused.observe(response.status, 0);
      return response;
    }
  }

  /** The methods of the routes that `path`, as it was asked for, has; none if there is no such path. */
  #methodsOf(path: string): string[] {
    const matches = this.#hono.routes.filter((route) => pattern(route.path).test(path));
    return [...new Set(matches.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]))];
  }

  /** The OpenAPI document of all that was added, at `server`: a URL, or a reference from the document's own. */
  document(version: string, server: string): object {
    return this.#document.getOpenAPI31Document({
      openapi: "3.1.0",
      servers: [{ url: server }],
      info: {
        title: "Lockstep",
        version,
        description: "Watches the training of sequence classifiers, steers it, and predicts with their newest weights.",
      },
    });
  }
}

function pattern(path: string): RegExp {
  const parts = path.split(/:\w+/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}
