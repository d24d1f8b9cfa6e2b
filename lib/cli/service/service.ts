/** The HTTP service of a command: on its port from the first moment, whatever it will serve. */
import type { Config } from "../../config/schema.ts";
import { errorMessage } from "../../base/errors.ts";
import { printableJson } from "../../base/printable.ts";
import { createApp, createWaitingApp } from "../../serve/app.ts";
import type { AppOptions } from "../../serve/pipeline/shell.ts";
import { allowedHostsFor } from "../../serve/pipeline/gate.ts";
import { HttpMetrics } from "../../serve/metrics.ts";
import { publicAddress } from "../../serve/pipeline/public_address.ts";
import { type ServedApp, startServer } from "../../serve/http/server.ts";
import type { Asset, Services } from "../../serve/services.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { readToken } from "../arguments/token.ts";

export interface ServiceOptions {
  readonly config: Pick<
    Config,
    "host" | "port" | "tokenFile" | "corsOrigin" | "publicUrl" | "rateLimit" | "accessLog" | "grace"
  >;
  readonly assets: ReadonlyMap<string, Asset>;
  /** A line for whoever runs this. */
  readonly note: (line: string) => void;
}

export interface Service {
  /** Where it listens, and what others know it by, for people. */
  readonly url: string;
  /** What is served from now on; until then every answer but that the process lives is 503. */
  serve(services: Pick<Services, "runs" | "predictor" | "training" | "cluster">): void;
  /** Not ready from now on; streams go on. */
  drain(): void;
  /** Ends streams, answers what was asked, and closes the port. */
  close(): Promise<void>;
}

/** Takes the port. Throws an InputError that says why it cannot, or may not. */
export async function startService({ config, assets, note }: ServiceOptions): Promise<Service> {
  const token = await readToken(config);
  const { host, port, corsOrigin, publicUrl, rateLimit, accessLog } = config;
  const known = publicUrl ? publicAddress(publicUrl) : undefined;
  const streams = new AbortController();
  const metrics = new HttpMetrics();
  let ready = true;
  const options: AppOptions = {
    allowedHosts: allowedHostsFor(host),
    publicAddress: known,
    token,
    corsOrigin: corsOrigin || undefined,
    rateLimit,
    shutdown: streams.signal,
    metrics,
    onAccess: accessLog ? (record) => note(printableJson(record)) : undefined,
    onError: (error) => note(`error: ${forCommandLine(errorMessage(error))}`),
  };
  let app: ServedApp = createWaitingApp(options);
  const server = startServer({
    app: { fetch: (request, peer) => app.fetch(request, peer) },
    host,
    port,
    closeStreams: () => streams.abort(),
    metrics,
    note,
  });
  return {
    url: known ? `${server.url} (for others ${known.url})` : server.url,
    serve(services) {
      app = createApp({ ...services, assets, ready: () => ready }, options);
    },
    drain() {
      ready = false;
    },
    close() {
      ready = false;
      return server.shutdown(config.grace * 1000);
    },
  };
}
