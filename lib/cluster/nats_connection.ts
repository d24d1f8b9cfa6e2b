/** The way to a NATS server: address, credentials, TLS; and what is said where it cannot be had. */
import { connect, credsAuthenticator } from "@nats-io/transport-node";
import type { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { errorMessage, InputError } from "../errors.ts";
import { NatsTransport } from "./nats_transport.ts";
import type { Transport } from "./transport.ts";

export interface NatsOptions {
  /** `nats://host:4222`; `tls://host:4222` for TLS from the first byte that carries anything. */
  readonly url: string;
  /** The run's name, which its subjects carry. */
  readonly run: string;
  /** Path of a credentials file (`.creds`), or "". */
  readonly credentials: string;
  /** Path of the certificates that the server's is checked with, or "" for the system's. */
  readonly tlsCa: string;
}

const CONNECT_MS = 5000;

/** Connects. Throws an InputError that says why it cannot. */
export async function connectNats({ url, run, credentials, tlsCa }: NatsOptions): Promise<Transport> {
  const authenticator = credentials === ""
    ? {}
    : { authenticator: credsAuthenticator(new Uint8Array(await read("clusterCredentials", credentials))) };
  const isTls = tlsCa !== "" || url.startsWith("tls://");
  const tls = isTls ? { tls: tlsCa === "" ? {} : { ca: (await read("clusterCa", tlsCa)).toString() } } : {};
  try {
    const connection = await connect({
      servers: url,
      name: `lockstep ${run}`,
      timeout: CONNECT_MS,
      // For ever: what a broker that is away means is the protocol's to say.
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      ...authenticator,
      ...tls,
    });
    try {
      return await NatsTransport.open(connection, run);
    } catch (error) {
      await connection.close();
      throw error;
    }
  } catch (error) {
    throw refusal(url, error);
  }
}

function refusal(url: string, error: unknown): InputError {
  const { host } = new URL(url);
  const said = errorMessage(error);
  const reason = error instanceof Deno.errors.NotCapable || /NotCapable|Requires net access/.test(said)
    ? `it is not among those that the task may reach. Start with deno run -P=train --allow-net=${host},127.0.0.1 main.ts train`
    : /jetstream|no responders|503/i.test(said)
    ? `it has no JetStream (${said}). Start it with nats-server -js`
    : said;
  return new InputError([{ field: "cluster", message: `Cannot use the NATS server "${url}": ${reason}` }]);
}

async function read(field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new InputError([{ field, message: `Cannot read "${path}": ${errorMessage(error)}` }]);
  }
}
