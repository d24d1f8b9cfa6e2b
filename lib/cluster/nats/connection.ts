/** The way to a NATS server: address, credentials, TLS; and what is said where it cannot be had. */
import { type Authenticator, connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import type { TlsOptions } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { errorMessage, InputError, missingPermission } from "../../base/errors.ts";
import { forgiveLostSockets } from "./lost_sockets.ts";
import { closeWays, openWays } from "./addresses.ts";
import { NatsTransport } from "./nats_transport.ts";
import { isAway } from "./errors.ts";
import { type Transport, Unreachable } from "../protocol/transport.ts";

export interface NatsOptions {
  /** `nats://host:4222`; `tls://host:4222` for TLS from the first byte that carries anything. */
  readonly url: string;
  /** The run's name, which its subjects carry. */
  readonly run: string;
  /** Path of a credentials file (`.creds`), or "". It is read again at every reconnection. */
  readonly credentials: string;
  /** Path of the certificates that the server's is checked with, or "" for the system's. */
  readonly tlsCa: string;
}

const CONNECT_MS = 5000;

/** Connects. Throws an InputError that says why it cannot; Unreachable where it may work later. */
export async function connectNats(options: NatsOptions): Promise<Transport> {
  const { url, run, credentials, tlsCa } = options;
  const security = { ...authentication(credentials), ...encryption(options) };
  forgiveLostSockets();
  try {
    const ways = await openWays(() =>
      connect({
        servers: url,
        name: `lockstep ${run}`,
        timeout: CONNECT_MS,
        // For ever: what a broker that is away means is the protocol's to say.
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        ...security,
      })
    );
    try {
      if (wantsTls(ways.registers) && !isTls(options)) throw new Error("it wants TLS");
      return await NatsTransport.open(ways, run);
    } catch (error) {
      await closeWays(ways);
      throw error;
    }
  } catch (error) {
    const { host } = new URL(url);
    const said = errorMessage(error);
    const reason = reasonOf(said, { host, credentials, tlsCa, tls: isTls(options) });
    if (reason === undefined && isAway(error)) throw new Unreachable(`Cannot reach the NATS server "${url}": ${said}`);
    throw new InputError([{ field: "cluster", message: `Cannot use the NATS server "${url}": ${reason ?? said}` }]);
  }
}

/** Who connects, of a credentials file: a user's JWT and the seed of its key. */
function authentication(path: string): { authenticator?: Authenticator } {
  if (path === "") return {};
  const text = new TextDecoder().decode(read("clusterCredentials", path));
  if (!/BEGIN NATS USER JWT[^]+BEGIN USER NKEY SEED/.test(text)) {
    const message = `"${path}" is not a NATS credentials file: expected one as "nsc generate creds" writes it`;
    throw new InputError([{ field: "clusterCredentials", message }]);
  }
  return { authenticator: credsAuthenticator(() => readFileSync(path)) };
}

function encryption(options: NatsOptions): { tls?: TlsOptions } {
  if (!isTls(options)) return {};
  const { url, tlsCa } = options;
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  // The client would check the certificate of a server with an IP address for "localhost".
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

function wantsTls({ info }: NatsConnection): boolean {
  return info?.tls_required === true;
}

/** What the client or the server said, and what to do about it; nothing where only time may help. */
function reasonOf(
  said: string,
  { host, credentials, tlsCa, tls }: { host: string; credentials: string; tlsCa: string; tls: boolean },
): string | undefined {
  if (/NotCapable|Requires net access|EPERM/.test(said)) {
    return missingPermission("connect to", host);
  }
  if (/Authorization Violation|Authentication/i.test(said)) {
    const expected = credentials === "" ? "`clusterCredentials`" : `other credentials than "${credentials}"`;
    return `it does not let this machine in (${said}): expected ${expected}`;
  }
  if (/Permissions Violation/i.test(said)) {
    return `the account lacks a permission (${said}): expected those that docs/cluster.md names`;
  }
  if (/does not support 'tls'/.test(said)) return `it has no TLS: expected nats://${host} and no \`clusterCa\``;
  if (/certificate|altnames|wants TLS/i.test(said)) {
    if (!tls) return `it wants TLS (${said}): expected tls://${host}, and its authority in \`clusterCa\``;
    const authority = tlsCa === "" ? "this system trusts; see `clusterCa`" : `"${tlsCa}" holds`;
    return /altnames|CN/.test(said)
      ? `its certificate is another host's (${said}): expected one for the host in the address`
      : `its certificate is not to be trusted (${said}): expected one of an authority that ${authority}`;
  }
  if (/jetstream|no responders|503/i.test(said)) return `it has no JetStream (${said}). Start it with nats-server -js`;
  return undefined;
}

function read(field: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError([{ field, message: `Cannot read "${path}": ${errorMessage(error)}` }]);
  }
}
