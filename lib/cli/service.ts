/** The HTTP service of a command: on its port from the first moment, whatever it will serve. */
import type { Config } from "../config/schema.ts";
import { createApp } from "../serve/app.ts";
import { allowedHostsFor } from "../serve/guard.ts";
import { problemResponse } from "../serve/problem.ts";
import { startServer } from "../serve/server.ts";
import type { Asset, Services } from "../serve/services.ts";

/** How long requests under way may take to be answered when the process ends. */
const GRACE_MS = 5000;

export interface ServiceOptions {
  readonly config: Pick<Config, "host" | "port">;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly onError: (error: unknown) => void;
}

export interface Service {
  readonly url: string;
  /** What is served from now on; until then every answer is 503. */
  serve(services: Pick<Services, "runs" | "predictor">): void;
  /** Not ready from now on; streams go on. */
  drain(): void;
  /** Ends streams, answers what was asked, and closes the port. */
  close(): Promise<void>;
}

/** Takes the port. Throws an InputError that says why it cannot. */
export function startService({ config, assets, onError }: ServiceOptions): Service {
  const { host, port } = config;
  const streams = new AbortController();
  let ready = true;
  let app: { fetch(request: Request): Response | Promise<Response> } = {
    fetch: () =>
      problemResponse(503, [{ field: "ready", message: "the run is being prepared" }], { "Retry-After": "1" }),
  };
  const server = startServer({
    app: { fetch: (request) => app.fetch(request) },
    host,
    port,
    closeStreams: () => streams.abort(),
  });
  return {
    url: server.url,
    serve(services) {
      const options = { allowedHosts: allowedHostsFor(host), shutdown: streams.signal, onError };
      app = createApp({ ...services, assets, ready: () => ready }, options);
    },
    drain() {
      ready = false;
    },
    close() {
      ready = false;
      return server.shutdown(GRACE_MS);
    },
  };
}
