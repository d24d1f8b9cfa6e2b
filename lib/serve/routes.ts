/**
 * Routes, each declared once: what it takes and answers goes into the document at `/openapi.json`, its handler into the
 * app, and its answers into the figures.
 */
import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "@hono/zod-openapi";
import type { HttpFigures } from "./metrics.ts";
import { gateAnswers } from "./gate.ts";

/** What a handler's error is answered with; `signal` aborts when the client left. */
export type OnError = (error: unknown, signal: AbortSignal) => Response;

export type Handler = (context: Context) => Response | Promise<Response>;

/** `description`, with a JSON body of `schema`. */
export function jsonAnswer(description: string, schema: z.ZodType): { description: string; content: object } {
  return { description, content: { "application/json": { schema } } };
}

export class Routes {
  readonly hono = new OpenAPIHono();
  readonly #figures: HttpFigures;
  readonly #onError: OnError;

  constructor(figures: HttpFigures, onError: OnError) {
    this.#figures = figures;
    this.#onError = onError;
  }

  /** Declares `config` (its path with `{name}` where a parameter is) and answers it by `handler`. */
  add(config: RouteConfig, handler: Handler, onError = this.#onError): void {
    const responses = { ...gateAnswers(config.method, config.path), ...config.responses };
    this.hono.openAPIRegistry.registerPath({ ...config, responses });
    this.plain(config.method, config.path, handler, onError);
  }

  /** A route that the document does not hold. */
  plain(method: string, path: string, handler: Handler, onError = this.#onError): void {
    const figures = this.#figures.route(method.toUpperCase(), path);
    this.hono.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
      const begun = performance.now();
      let response: Response;
      try {
        response = await handler(context);
      } catch (error) {
        response = onError(error, context.req.raw.signal);
      }
      figures.observe(response.status, (performance.now() - begun) / 1000);
      return response;
    });
  }

  /** The methods of the routes that `path`, as it was asked for, has; none if there is no such path. */
  methodsOf(path: string): string[] {
    const matches = this.hono.routes.filter((route) => pattern(route.path).test(path));
    return [...new Set(matches.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]))];
  }

  /** The OpenAPI document of all that was added. */
  document(version: string): object {
    return this.hono.getOpenAPI31Document({
      openapi: "3.1.0",
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
