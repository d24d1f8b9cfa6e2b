/** The token that clients have to send: from a file or the environment, and needed on every address but loopback. */
import { counted } from "../../base/counted.ts";
import { readFile, stat } from "node:fs/promises";
import { env } from "node:process";
import type { Config } from "../../config/schema.ts";
import { errorMessage, InputError } from "../../base/errors.ts";
import { allowedHostsFor } from "../../serve/pipeline/gate.ts";

/** Less can be guessed. */
const LEAST_LENGTH = 16;

/** Undefined where none is given and none is needed. Throws an InputError that says what to do. */
export async function readToken({ host, tokenFile }: Pick<Config, "host" | "tokenFile">): Promise<string | undefined> {
  const [name, text] = tokenFile === ""
    ? ["LOCKSTEP_TOKEN", env.LOCKSTEP_TOKEN]
    : [`the token file "${tokenFile}"`, await readTokenFile(tokenFile).catch(refuseFile(tokenFile))];
  const token = text?.trim();
  if (token === undefined || (token === "" && tokenFile === "")) {
    if (allowedHostsFor(host) !== "any") return undefined;
    const message = `--host is ${host}, which others can reach, and there is no token: pass --token-file FILE, ` +
      "or set LOCKSTEP_TOKEN, to what clients have to send; or serve on 127.0.0.1";
    throw new InputError([{ field: "host", message }]);
  }
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= LEAST_LENGTH) return token;
  const message =
    `The token in ${name} has ${counted(token.length, "character")}: expected at least ${LEAST_LENGTH}, without ` +
    "blanks, such as openssl rand -hex 32 gives";
  throw new InputError([{ field: "tokenFile", message }]);
}

/**
 * The file's text. Throws if others may write to it: whoever does decides who is let in. Others may read it, as secrets of
 * containers are often such files.
 */
async function readTokenFile(path: string): Promise<string> {
  const { mode } = await stat(path);
  if (Deno.build.os !== "windows" && (mode & 0o022) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    throw new RangeError(`others may write to it (its mode is ${shown}). Say chmod 600 ${path}`);
  }
  return await readFile(path, "utf8");
}

function refuseFile(path: string): (error: unknown) => never {
  return (error) => {
    throw new InputError([{
      field: "tokenFile",
      message: `Cannot read the token file "${path}": ${errorMessage(error)}`,
    }]);
  };
}
