/** Types of serving a model, written out so that a program that imports them needs nothing else. */
import type { ServiceOptions } from "./options.gen.ts";

/**
 * Options of `serve()`.
 *
 * @example
 * ```ts
 * import { load, serve, type ServeOptions } from "lockstep";
 *
 * const options: ServeOptions = { port: 0, onError: (error) => console.error(error) };
 * await using server = await serve(await load("runs/latest"), options);
 * console.log(server.url);
 * ```
 */
export interface ServeOptions extends ServiceOptions {
  /** The token that clients must send, which any `host` but loopback requires. */
  readonly token?: string | undefined;
  /** Called with errors that clients see as a 500, and with news for the operator, such as a lost thread. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Options of `createApp()`.
 *
 * @example
 * ```ts
 * import { type AppOptions, createApp, load } from "lockstep";
 *
 * const options: AppOptions = { token: "0123456789abcdef", batchMax: 32 };
 * await using model = await load("runs/latest");
 * console.log((await createApp(model, options).request("/predict", { method: "POST" })).status);
 * ```
 */
export interface AppOptions
  extends Pick<ServeOptions, "token" | "onError" | "batchMax" | "batchDelayMs" | "queueMax" | "predictTimeout"> {
}

/**
 * A server that answers, from `serve()`.
 *
 * @example
 * ```ts
 * import { load, serve, type Server } from "lockstep";
 *
 * const server: Server = await serve(await load("runs/latest"), { port: 0 });
 * console.log(server.url);
 * await server.close();
 * ```
 */
export interface Server {
  /** The address for clients on this machine. */
  readonly url: string;
  /** Answers open requests, within the seconds of `grace`, and closes the port. */
  close(): Promise<void>;
  /** Closes it at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
