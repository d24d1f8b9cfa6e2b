/** A proxy to a server on this host that fails on demand. */
import { createConnection, createServer, type Socket } from "node:net";

export interface ProxyOptions {
  /** Resets connection `i` after `cutAfter[i]` bytes of the server, and no later connections. */
  readonly cutAfter?: readonly number[];
  /** The rate of each connection, each way; unlimited by default. */
  readonly bytesPerMs?: number;
}

export interface Proxy {
  readonly url: string;
  /** Returns the number of connections so far. */
  count(): number;
  /** Resets all connections, even within a message. */
  cut(): void;
  close(): Promise<void>;
}

/** Opens a proxy to `port`. */
export async function openProxy(port: number, { cutAfter = [], bytesPerMs }: ProxyOptions = {}): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((near) => {
    let left = cutAfter[connections++] ?? Infinity;
    const far = createConnection(port, "127.0.0.1");
    far.on("data", (bytes) => {
      if ((left -= bytes.length) < 0) near.resetAndDestroy();
    });
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      if (bytesPerMs === undefined) one.pipe(other);
      else throttle(one, other, bytesPerMs);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return {
    url: `nats://127.0.0.1:${address.port}`,
    count: () => connections,
    cut: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Forwards the bytes of `from` at the rate of the link. */
function throttle(from: Socket, to: Socket, bytesPerMs: number): void {
  from.on("data", (bytes) => {
    from.pause();
    to.write(bytes);
    setTimeout(() => from.resume(), bytes.length / bytesPerMs);
  });
  from.on("end", () => to.end());
}
