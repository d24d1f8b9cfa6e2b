/** Runs the HTTP service of a process. It answers on its port from the start, before there is a run to serve. */
import { addressSet, LOOPBACK } from "../config/addresses.ts";
import type { Config } from "../config/schema.ts";
import { createApp, createWaitingApp } from "./app.ts";
import { type ServedApp, startServer } from "./http/server.ts";
import { HttpMetrics } from "./metrics.ts";
import { allowedHostsFor } from "./pipeline/gate.ts";
import { publicAddress } from "./pipeline/public_address.ts";
import type { AppOptions } from "./pipeline/shell.ts";
import type { Asset, PredictionServices, Services } from "./services.ts";

interface ServiceOptions extends Pick<AppOptions, "onAccess" | "onError"> {
  readonly config: Pick<Config, "host" | "port" | "corsOrigin" | "publicUrl" | "trustProxy" | "rateLimit" | "grace">;
  /** The token that clients have to send, if any. */
  readonly token: string | undefined;
  /** The token of clients that only label, if there is one. */
  readonly labelToken?: string | undefined;
  /** The files of the dashboard. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Receives lines for the operator. */
  readonly note: (line: string) => void;
}

/** The services that it has itself. */
type Own = "ready" | "assets";

export interface Service {
  /** The address on which it listens, and the public one if it is behind a proxy. */
  readonly url: string;
  readonly publicUrl: string | undefined;
  /** Serves these services from now on. Before that, every route but /livez answers 503. */
  serve(services: Omit<Services, Own> | Omit<PredictionServices, Own>): void;
  /** Tells clients that wait for the first run how many rows of its data were read so far. */
  reading(rows: number): void;
  /** Reports that it is not ready from now on; streams continue. */
  drain(): void;
  /** Ends streams, answers open requests, and closes the port. */
  close(): Promise<void>;
}

/** Takes the port. Throws an InputError if it cannot. */
export async function openService(
  { config, token, labelToken, assets, note, ...observers }: ServiceOptions,
): Promise<Service> {
  const { host, port, corsOrigin, publicUrl, trustProxy, rateLimit } = config;
  const known = publicUrl ? publicAddress(publicUrl) : undefined;
  const streams = new AbortController();
  const metrics = new HttpMetrics();
  let ready = true;
  const options: AppOptions = {
    allowedHosts: allowedHostsFor(host),
    publicAddress: known,
    trustedProxies: addressSet(trustProxy || (known ? LOOPBACK : "")),
    token,
    labelToken,
    corsOrigin: corsOrigin || undefined,
    rateLimit,
    shutdown: streams.signal,
    metrics,
    ...observers,
  };
  let rowsRead = 0;
  let app: ServedApp = createWaitingApp(options, assets, () => rowsRead);
  const server = await startServer({
    app: { fetch: (request, peer) => app.fetch(request, peer) },
    host,
    port,
    closeStreams: () => streams.abort(),
    metrics,
    note,
  });
  return {
    url: server.url,
    publicUrl: known?.url,
    serve(services) {
      app = createApp({ ...services, assets, ready: () => ready }, options);
    },
    reading(rows) {
      rowsRead = rows;
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
