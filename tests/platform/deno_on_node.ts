/** Gives Node and Bun the few calls of Deno that the tests of HTTP use. Import it before them; `runTests` then runs them. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import process from "node:process";

interface Definition {
  readonly name: string;
  readonly fn: () => void | Promise<void>;
  readonly ignore?: boolean;
  readonly permissions?: unknown;
}

const tests: Definition[] = [];

class ConnectionReset extends Error {}
class BrokenPipe extends Error {}
class BadResource extends Error {}

/** A connection, as Deno.connect gives it. */
class Connection {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  #failure: Error | undefined;
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false });
    socket.on("error", (error) => this.#failure = error);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#isClosed) throw new BadResource();
    if (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next().catch(() => {
        throw new ConnectionReset();
      });
      if (done) return null;
      this.#rest = value;
    }
    const taken = this.#rest.subarray(0, buffer.length);
    buffer.set(taken);
    this.#rest = this.#rest.subarray(taken.length);
    return taken.length;
  }

  get readable(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const buffer = new Uint8Array(65_536);
        const count = await this.read(buffer);
        if (count !== null) return controller.enqueue(buffer.subarray(0, count));
        controller.close();
        this.close();
      },
    });
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#failure || this.#socket.destroyed) throw new BrokenPipe();
    if (!this.#socket.write(bytes)) await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]);
    if (this.#failure) throw new BrokenPipe();
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.#socket.end();
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) throw new BadResource();
    this.#isClosed = true;
    this.#socket.destroy();
  }
}

const deno = {
  test: (test: Definition | string, fn?: Definition["fn"]) =>
    void tests.push(typeof test === "string" ? { name: test, fn: fn! } : test),
  async connect({ hostname, port }: { readonly hostname: string; readonly port: number }): Promise<Connection> {
    // As Deno: this side stays open when the server has closed its own.
    const socket = connect({ host: hostname, port, allowHalfOpen: true });
    await once(socket, "connect");
    return new Connection(socket);
  },
  errors: { ConnectionReset, BrokenPipe, BadResource },
  build: { os: process.platform },
  env: { get: () => undefined },
  execPath: () => process.execPath,
  Command: class {
    outputSync = () => ({ success: false });
  },
};
Object.assign(globalThis, { Deno: deno });

/** Runs the registered tests whose names match, and prints how many there were, or which one failed. */
export async function runTests(pattern: RegExp): Promise<void> {
  const chosen = tests.filter(({ name, ignore, permissions }) => !ignore && !permissions && pattern.test(name));
  for (const { name, fn } of chosen) {
    try {
      await fn();
    } catch (error) {
      process.stdout.write(`${name}: ${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    }
  }
  process.stdout.write(`${chosen.length} tests passed\n`);
  process.exit(0);
}
