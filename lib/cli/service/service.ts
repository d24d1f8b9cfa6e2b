/** Starts the HTTP service of a command: reads the token of its clients, and prints its notes. */
import { readFile, stat } from "node:fs/promises";
import { env } from "node:process";
import type { Config } from "../../config/schema.ts";
import { errorMessage, inputError } from "../../base/errors.ts";
import { printableJson } from "../../base/printable.ts";
import { system } from "../../platform/runtime.ts";
import { labelTokenProblem, tokenProblem } from "../../serve/pipeline/access.ts";
import { allowedHostsFor } from "../../serve/pipeline/gate.ts";
import { openService, type Service } from "../../serve/service.ts";
import type { Asset } from "../../serve/services.ts";
import { forCommandLine } from "../arguments/messages.ts";

interface ServiceOptions {
  readonly config: Pick<
    Config,
    | "host"
    | "port"
    | "tokenFile"
    | "corsOrigin"
    | "publicUrl"
    | "trustProxy"
    | "rateLimit"
    | "accessLog"
    | "grace"
    | "collect"
    | "labelTokenFile"
  >;
  readonly assets: ReadonlyMap<string, Asset>;
  /** Prints a line for the user. */
  readonly note: (line: string) => void;
}

/** Takes the port. Throws an InputError if it cannot, or if clients would need a token. */
export async function startService({ config, assets, note }: ServiceOptions): Promise<Service> {
  const token = await readToken(config);
  const service = await openService({
    config,
    token,
    labelToken: await readLabelToken(config, token),
    onAccess: config.accessLog ? (record) => note(printableJson(record)) : undefined,
    onError: (error) => note(`error: ${forCommandLine(errorMessage(error))}`),
    assets,
    note,
  });
  const { url, publicUrl } = service;
  return publicUrl === undefined ? service : { ...service, url: `${url} (public: ${publicUrl})` };
}

/**
 * Reads the token that clients must send, from a file or the environment. Returns undefined if none is given and none is
 * required: only loopback needs none. Throws an InputError that says what to do.
 */
export async function readToken({ host, tokenFile }: Pick<Config, "host" | "tokenFile">): Promise<string | undefined> {
  const token = await givenToken(tokenFile, "LOCKSTEP_TOKEN", "tokenFile");
  if (token === undefined) {
    if (allowedHostsFor(host) !== "any") return undefined;
    const message =
      `--host is ${host}, which other machines can reach, but there is no token for clients: use --token-file FILE, ` +
      "set LOCKSTEP_TOKEN, or serve on 127.0.0.1";
    throw inputError("host", message);
  }
  return token;
}

/**
 * Reads the token of people who only label. Throws an InputError if it would protect nothing: without a token for
 * everything else, or with the same one.
 */
async function readLabelToken(
  { collect, labelTokenFile }: Pick<Config, "collect" | "labelTokenFile">,
  token: string | undefined,
): Promise<string | undefined> {
  if (!collect) return undefined;
  const labelToken = await givenToken(labelTokenFile, "LOCKSTEP_LABEL_TOKEN", "labelTokenFile");
  if (labelToken === undefined) return undefined;
  const problem = labelTokenProblem(labelToken, token);
  if (problem === undefined) return labelToken;
  const advice = token === undefined ? ": use --token-file FILE, or set LOCKSTEP_TOKEN" : "";
  throw inputError("labelTokenFile", `The token of people who label ${problem}${advice}`);
}

/** Reads the token in the file at `path`, or in the variable `name` without one. Undefined if there is none. */
async function givenToken(
  path: string,
  name: "LOCKSTEP_TOKEN" | "LOCKSTEP_LABEL_TOKEN",
  field: "tokenFile" | "labelTokenFile",
): Promise<string | undefined> {
  const [place, text] = path === ""
    ? [name, env[name]]
    : [`the token file "${path}"`, await readTokenFile(path).catch(refuseFile(path, field))];
  const token = text?.trim();
  if (token === undefined || (token === "" && path === "")) return undefined;
  const problem = tokenProblem(token);
  if (problem === undefined) return token;
  throw inputError(field, `The token in ${place} ${problem}`);
}

/**
 * Reads the file. Throws if other users may write to it, as they could then choose the token. They may read it, since
 * secrets of containers are often such files.
 */
async function readTokenFile(path: string): Promise<string> {
  const { mode } = await stat(path);
  if (system.os !== "windows" && (mode & 0o022) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    throw new RangeError(`other users may write to it (its mode is ${shown}). Use chmod 600 ${path}`);
  }
  return await readFile(path, "utf8");
}

function refuseFile(path: string, field: string): (error: unknown) => never {
  return (error) => {
    throw inputError(field, `Cannot read the token file "${path}": ${errorMessage(error)}`);
  };
}
