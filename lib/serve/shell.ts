/** Builds what every app of this server has around its routes: the gate, access, errors, headers and the access log. */
import { basename } from "node:path";
import { DamagedFile, InputError } from "../errors.ts";
import { Unavailable } from "../predict/types.ts";
import { createAccess } from "./access.ts";
import type { App, AppOptions } from "./app.ts";
import { BodyMemory } from "./body_memory.ts";
import { createFront } from "./front.ts";
import { createGate } from "./gate.ts";
import { LOOPBACK_HOSTS } from "./guard.ts";
import { HttpFigures } from "./metrics.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { clientReader } from "./public_address.ts";
import { Routes } from "./routes.ts";

export interface Shell {
  /** Takes the routes; what they do not answer is for `routes.otherwise`. */
  readonly routes: Routes;
  readonly app: App;
  readonly figures: HttpFigures;
  readonly onError: (error: unknown) => void;
}

/** What logs and figures say of a client that left before its answer; it sees none. */
const CLIENT_GONE = 499;

/** `run` gives the run that is served. */
export function createShell(options: AppOptions, run: () => string): Shell {
  const { allowedHosts = LOOPBACK_HOSTS, rateLimit = 0, corsOrigin, publicAddress, token, onAccess } = options;
  const { onError = () => {}, figures = new HttpFigures() } = options;

  const answerError = (error: unknown): Response => {
    if (error instanceof Refusal) return problemResponse(error.status, [error.problem], error.headers);
    if (error instanceof InputError) return problemResponse(400, error.problems, {}, error.more);
    if (error instanceof DamagedFile) {
      const message = `${basename(error.path)} of the run cannot be read: ${error.reason}`;
      return problemResponse(409, [{ field: basename(error.path), message }]);
    }
    if (error instanceof Unavailable) {
      return problemResponse(503, [{ field: "predictor", message: error.message }], { "Retry-After": "1" });
    }
    onError(error);
    return problemResponse(500, []);
  };
  const onFailure = (error: unknown, signal: AbortSignal): Response => {
    // What the abort of its request threw is no error.
    if (signal.aborted) return new Response(null, { status: CLIENT_GONE });
    return answerError(error);
  };
  const access = createAccess({ token, rateLimit, now: () => performance.now() });
  const routes = new Routes({ figures, onError: onFailure, access });
  const fetch = createFront((request, asked) => routes.fetch(request, asked), {
    gate: createGate({ allowedHosts, corsOrigin, publicAddress }),
    clientOf: clientReader(publicAddress !== undefined),
    corsOrigin,
    run,
    onAccess,
    onError: answerError,
    refused: figures.route("any", "refused"),
    bodies: new BodyMemory(options.bodyMemoryBytes),
  });
  const app: App = { fetch, request: (path, init) => fetch(new Request(`http://${hostOf(init)}${path}`, init)) };
  return { routes, app, figures, onError };
}

/** The host that `init` names, if a URL can; `localhost` else. */
function hostOf(init: RequestInit = {}): string {
  const host = new Headers(init.headers).get("Host");
  return host !== null && URL.canParse(`http://${host}`) ? host : "localhost";
}
