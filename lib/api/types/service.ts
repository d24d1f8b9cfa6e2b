/** Types of serving a model, written out so that a program that imports them needs nothing else. */
import type { Model } from "./model.ts";
import type { ServiceOptions } from "./options.gen.ts";

/**
 * Models by their names, for `serve()` and `createApp()`: up to 64 letters, digits, `-`, `.` and `_`. The first one also
 * answers requests without a name.
 *
 * @example
 * ```ts
 * import { load, type Models, serve } from "lockstep";
 *
 * const models: Models = { tickets: await load("runs/latest"), spam: await load("runs/latest") };
 * await using server = await serve(models, { port: 0 });
 * console.log(await (await fetch(`${server.url}/models`)).json());
 * ```
 */
export type Models = Readonly<Record<string, Model>>;

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
  /** With `collect`, the token of clients that only label. */
  readonly labelToken?: string | undefined;
  /** Called with errors that clients see as a 500, and with news for the operator, such as a lost thread. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Folder of runs that clients may load and unload by `PUT` and `DELETE /models/{name}`; without it, none. */
  readonly runsDir?: string | undefined;
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
  /**
   * Serves `model` under `name`, in place of the one that has it. Resolves when all new requests go to it; earlier ones are
   * still answered. Throws an InputError if the name is invalid, or too many models are open.
   */
  load(name: string, model: Model): Promise<void>;
  /** Unloads a model but the first. It answers the requests that it has. */
  unload(name: string): Promise<void>;
  /**
   * Gives a `share` of the requests for `name` to `model`, exactly; the answers say its run and digest. To promote it, `load()`
   * it under the name. Throws an InputError for a share outside of 0.0001 to 0.9999, or a model of other inputs.
   */
  startCanary(name: string, model: Model, share: number): Promise<void>;
  /** Gives all requests for `name` to its model again. */
  endCanary(name: string): Promise<void>;
  /** Answers open requests, within the seconds of `grace`, and closes the port. */
  close(): Promise<void>;
  /** Closes it at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
