/** A NATS server of a test's own: on a free loopback port, with a store that is removed afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { soon } from "../../serve/http/reading.ts";

/** Several processes one after the other, each of which may take its time. */
const LONGEST_MS = 5 * PATIENCE_MS;
const STARTED = /Server is ready/;

/** Why there is no server to test with, undefined if there is one. */
export const natsAbsence = (): string | undefined => programAbsence("nats-server", ["--version"]);

/** A test that needs what may be absent. It fails where it does not end: what machines wait for may not come. */
export function testUnless(absence: string | undefined, name: string, fn: () => Promise<void>): void {
  optionalTest(absence, { name, fn: () => soon(fn(), "the end of the test", LONGEST_MS) });
}

/** A test that needs a NATS server: skipped, with the reason, where there is none. */
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
  /** What it wrote to its log, in all of its lives. */
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

  /** Starts the process, with the store that is there. Resolves when it answers. */
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

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}
