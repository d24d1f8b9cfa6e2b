/** Runs a NATS server for a test, on a free loopback port, and removes its store afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { soon } from "../../serve/http/reading.ts";

/** Enough for several slow processes in a row. */
const LONGEST_MS = 5 * PATIENCE_MS;
const STARTED = /Server is ready/;

/** Returns why the server is missing, undefined if it exists. */
export const natsAbsence = (): string | undefined => programAbsence("nats-server", ["--version"]);

/** Registers a test that is skipped because of `absence`. It fails if it does not end, as machines may wait without end. */
export function testUnless(absence: string | undefined, name: string, fn: () => Promise<void>): void {
  optionalTest(absence, { name, fn: () => soon(fn(), "the end of the test", LONGEST_MS) });
}

/** Registers a test that needs a NATS server. It is skipped without one. */
export function natsTest(name: string, body: (server: NatsServer) => Promise<void>): void {
  testUnless(natsAbsence(), name, async () => {
    await using server = await NatsServer.start();
    await body(server);
  });
}

export class NatsServer {
  readonly port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  /** The log of all its processes. */
  said = "";
  #process: Deno.ChildProcess | undefined;

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#args = args;
  }

  static async start(args: readonly string[] = []): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), await mkdtemp(join(tmpdir(), "lockstep-nats-")), args);
    await server.resume();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Ends the process at once, as a power failure does. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    process?.kill("SIGKILL");
    await process?.status;
  }

  async loseStore(): Promise<void> {
    await rm(join(this.#folder, "store"), { recursive: true, force: true });
  }

  /** Starts the process with the existing store. Resolves when it answers. */
  async resume(): Promise<void> {
    const store = join(this.#folder, "store");
    const process = new Deno.Command("nats-server", {
      args: ["-js", "-sd", store, "-a", "127.0.0.1", "-p", String(this.port), ...this.#args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#process = process;
    const ready = Promise.withResolvers<void>();
    void (async () => {
      const before = this.said.length;
      for await (const bytes of process.stderr) {
        this.said += new TextDecoder().decode(bytes);
        if (STARTED.test(this.said.slice(before))) ready.resolve();
      }
      ready.reject(new Error(`nats-server left: ${this.said.slice(before)}`));
    })();
    await soon(ready.promise, "the start of nats-server");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Returns a port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}
