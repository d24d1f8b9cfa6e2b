/** Connects to a NATS server, with credentials and TLS, and explains why it cannot. */
import { type Authenticator, connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import type { TlsOptions } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { errorMessage, inputError } from "../../base/errors.ts";
import { ignoreUncaught } from "../../platform/uncaught.ts";
import { type Transport, Unreachable } from "../protocol/transport.ts";
import { isUnreachable } from "./errors.ts";
import { explainConnectError, isTls, type NatsOptions } from "./explain.ts";
import { closeConnections, type Connections, NatsTransport } from "./nats_transport.ts";

const CONNECT_MS = 5000;

/** Opens the transport of a run. Throws an InputError with the reason if it cannot; Unreachable if it may work later. */
export async function connectNats(options: NatsOptions): Promise<Transport> {
  return await explained(options, async (connect) => {
    const connections = await openConnections(connect);
    try {
      if (requiresTls(connections.registers) && !isTls(options)) throw new Error("it requires TLS");
      return await NatsTransport.open(connections, options.run);
    } catch (error) {
      await closeConnections(connections);
      throw error;
    }
  });
}

/** Opens one connection. Throws as `connectNats` does. */
export async function openConnection(options: NatsOptions): Promise<NatsConnection> {
  return await explained(options, async (connect) => {
    const connection = await connect();
    if (!requiresTls(connection) || isTls(options)) return connection;
    await connection.close();
    throw new Error("it requires TLS");
  });
}

/** Calls `open` with a function that connects, and explains its errors. */
async function explained<Result>(
  options: NatsOptions,
  open: (connect: () => Promise<NatsConnection>) => Promise<Result>,
): Promise<Result> {
  const { url, run, credentials } = options;
  const security = { ...authentication(credentials), ...encryption(options) };
  ignoreUncaught(isLostSocket);
  try {
    return await open(() =>
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
  } catch (error) {
    const reason = explainConnectError(error, options);
    if (reason === undefined && isUnreachable(error)) {
      throw new Unreachable(`Cannot reach the NATS server "${url}": ${errorMessage(error)}`);
    }
    const message = `Cannot use the NATS server "${url}": ${reason ?? errorMessage(error)}`;
    throw inputError("cluster", message);
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
    throw inputError("clusterCredentials", message);
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
    throw inputError("clusterCa", message);
  }
  return { tls: { ...tls, ca } };
}

function requiresTls({ info }: NatsConnection): boolean {
  return info?.tls_required === true;
}

function read(field: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw inputError(field, `Cannot read "${path}": ${errorMessage(error)}`);
  }
}

/**
 * Recognizes errors of lost sockets. The NATS client removes its listeners from a socket that it gives up, such as that of a
 * server that rejected it. If the socket is being closed at that moment, its error has no listener and would end the
 * process. The client knows that the connection is over, so a reset socket is no news.
 */
function isLostSocket(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error && "syscall" in error)) return false;
  return /^(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(String(error.code)) &&
    /^(read|write)$/.test(String(error.syscall));
}
