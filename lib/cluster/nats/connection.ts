/** Connects to a NATS server, with credentials and TLS, and explains why it cannot. */
import { type Authenticator, connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import type { TlsOptions } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { errorMessage, InputError, missingPermission } from "../../base/errors.ts";
import { type Transport, Unreachable } from "../protocol/transport.ts";
import { isAway } from "./errors.ts";
import { closeConnections, type Connections, NatsTransport } from "./nats_transport.ts";

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

const CONNECT_MS = 5000;

/** Connects. Throws an InputError with the reason if it cannot; Unreachable if it may work later. */
export async function connectNats(options: NatsOptions): Promise<Transport> {
  const { url, run, credentials } = options;
  const security = { ...authentication(credentials), ...encryption(options) };
  ignoreLostSockets();
  try {
    const connections = await openConnections(() =>
      connect({
        servers: url,
        name: `lockstep ${run}`,
        timeout: CONNECT_MS,
        // Without end: the protocol decides what the absence of a broker means.
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        ...security,
      })
    );
    try {
      if (requiresTls(connections.registers) && !isTls(options)) throw new Error("it requires TLS");
      return await NatsTransport.open(connections, run);
    } catch (error) {
      await closeConnections(connections);
      throw error;
    }
  } catch (error) {
    const said = errorMessage(error);
    const [, explain] = REASONS.find(([pattern]) => pattern.test(said)) ?? [];
    if (!explain && isAway(error)) throw new Unreachable(`Cannot reach the NATS server "${url}": ${said}`);
    const reason = explain?.(said, options) ?? said;
    throw new InputError([{ field: "cluster", message: `Cannot use the NATS server "${url}": ${reason}` }]);
  }
}

/** Opens three connections with `connect`. If one fails, none is left open. */
async function openConnections(connect: () => Promise<NatsConnection>): Promise<Connections> {
  const registers = await connect();
  const [reading, writing] = await Promise.allSettled([connect(), connect()]);
  if (reading.status === "fulfilled" && writing.status === "fulfilled") {
    return { reading: reading.value, writing: writing.value, registers };
  }
  for (const opened of [reading, writing]) if (opened.status === "fulfilled") await opened.value.close();
  await registers.close();
  throw [reading, writing].find((opened) => opened.status === "rejected")!.reason;
}

/** Reads a credentials file: the JWT of a user and the seed of its key. */
function authentication(path: string): { authenticator?: Authenticator } {
  if (path === "") return {};
  const text = new TextDecoder().decode(read("clusterCredentials", path));
  if (!/BEGIN NATS USER JWT[^]+BEGIN USER NKEY SEED/.test(text)) {
    const message = `"${path}" is not a NATS credentials file: expected one from "nsc generate creds"`;
    throw new InputError([{ field: "clusterCredentials", message }]);
  }
  return { authenticator: credsAuthenticator(() => readFileSync(path)) };
}

function encryption(options: NatsOptions): { tls?: TlsOptions } {
  if (!isTls(options)) return {};
  const { url, tlsCa } = options;
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  // Without this the client compares the certificate of a server with an IP address with "localhost".
  const tls: TlsOptions & Pick<ConnectionOptions, "checkServerIdentity"> = {
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  };
  if (tlsCa === "") return { tls };
  const ca = new TextDecoder().decode(read("clusterCa", tlsCa));
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) {
    const message = `"${tlsCa}" has no certificate: expected PEM, which begins with -----BEGIN CERTIFICATE-----`;
    throw new InputError([{ field: "clusterCa", message }]);
  }
  return { tls: { ...tls, ca } };
}

function isTls({ url, tlsCa }: NatsOptions): boolean {
  return tlsCa !== "" || url.startsWith("tls://");
}

function requiresTls({ info }: NatsConnection): boolean {
  return info?.tls_required === true;
}

/**
 * Explains what the client or the server said, and what to do about it. The first pattern that matches counts; if none
 * does, time may help.
 */
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
  [/jetstream|no responders|503/i, (said) => `it has no JetStream (${said}). Start it with nats-server -js`],
];

function hostOf(url: string): string {
  return new URL(url).host;
}

function read(field: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError([{ field, message: `Cannot read "${path}": ${errorMessage(error)}` }]);
  }
}

/**
 * Ignores, from now on, errors of sockets without listeners. The NATS client removes its listeners from a socket that it
 * gives up, such as that of a server that rejected it. If the socket is being closed at that moment, its error has no
 * listener and would end the process. The client knows that the connection is over, so a reset socket is no news.
 * Idempotent.
 */
function ignoreLostSockets(): void {
  globalThis.addEventListener("error", ignoreLostSocket);
}

function ignoreLostSocket(event: ErrorEvent): void {
  const { error } = event;
  if (!(error instanceof Error) || !("code" in error && "syscall" in error)) return;
  const isLost = /^(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(String(error.code)) &&
    /^(read|write)$/.test(String(error.syscall));
  if (isLost) event.preventDefault();
}
