/** Explains errors of the NATS server and its clients to users. */
import { errorMessage, missingPermission } from "../../base/errors.ts";
import { isStoreFailure } from "./errors.ts";

export interface NatsOptions {
  /** `nats://host:4222`; `tls://host:4222` for TLS from the first byte on. */
  readonly url: string;
  /** The run's name, which is part of its subjects. */
  readonly run: string;
  /** Path of a credentials file (`.creds`), or "". It is read again at every reconnection. */
  readonly credentials: string;
  /** Path of the certificates that verify the server's, or "" for those of the system. */
  readonly tlsCa: string;
}

export function isTls({ url, tlsCa }: NatsOptions): boolean {
  return tlsCa !== "" || url.startsWith("tls://");
}

/** Explains messages of the client or the server, and their remedy. The first matching pattern counts. */
const REASONS: readonly [pattern: RegExp, explain: (said: string, options: NatsOptions) => string][] = [
  [/NotCapable|Requires net access|EPERM/, (_, { url }) => missingPermission("connect to", hostOf(url))],
  [/Authorization Violation|Authentication/i, (said, { credentials }) => {
    const expected = credentials === "" ? "`clusterCredentials`" : `other credentials than "${credentials}"`;
    return `it rejects this machine (${said}): expected ${expected}`;
  }],
  [
    /Permissions Violation/i,
    (said) => `the account lacks a permission (${said}): expected those that docs/cluster.md lists`,
  ],
  [/does not support 'tls'/, (_, { url }) => `it has no TLS: expected nats://${hostOf(url)} and no \`clusterCa\``],
  [/certificate|altnames|requires TLS/i, (said, options) => {
    const { url, tlsCa } = options;
    if (!isTls(options)) {
      return `it requires TLS (${said}): expected tls://${hostOf(url)}, and its authority in \`clusterCa\``;
    }
    if (/altnames|CN/.test(said)) {
      return `its certificate is another host's (${said}): expected one for the host in the address`;
    }
    const authority = tlsCa === "" ? "this system trusts; see `clusterCa`" : `"${tlsCa}" holds`;
    return `its certificate is not trusted (${said}): expected one of an authority that ${authority}`;
  }],
  [/jetstream|no responders|503/i, (said) => `JetStream is off (${said}): expected a server with JetStream`],
];

/** Explains why a connection failed. Returns undefined if the reason is unknown, so that time may help. */
export function explainConnectError(error: unknown, options: NatsOptions): string | undefined {
  const said = errorMessage(error);
  return REASONS.find(([pattern]) => pattern.test(said))?.[1](said, options);
}

/** Adds the remedy to an error of a store that failed. Returns other errors unchanged. */
export function explainStoreError(error: unknown, stream: string): unknown {
  if (!isStoreFailure(error)) return error;
  const todo = `give it room; where it has room, end all machines and remove its streams ${stream} and KV_${stream}`;
  return new Error(`The NATS server cannot store messages (${error.message}): ${todo}`, { cause: error });
}

function hostOf(url: string): string {
  return new URL(url).host;
}
