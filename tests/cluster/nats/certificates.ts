/** Creates certificates of a test authority with openssl for a server on loopback. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programAbsence } from "../../optional.ts";

/** Returns why openssl is missing, undefined if it exists. */
export const opensslAbsence = (): string | undefined => programAbsence("openssl", ["version"]);

/** Paths of PEM files. */
export interface Certificate {
  /** The authority that signed it. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Creates a certificate for `hosts` (`DNS:localhost`, `IP:127.0.0.1`), with files in `folder` whose names begin with `name`. */
export async function makeCertificate(folder: string, name: string, hosts: readonly string[]): Promise<Certificate> {
  const path = (end: string) => join(folder, `${name}-${end}`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const ca = ["-subj", `/CN=${name} authority`, "-keyout", path("ca.key"), "-out", path("ca.pem"), "-days", "2"];
  await openssl("req", "-x509", ...key, ...ca);
  const request = ["-subj", `/CN=${name}`, "-keyout", path("key.pem"), "-out", path("request.pem")];
  await openssl("req", "-new", ...key, ...request);
  await writeFile(path("names"), `subjectAltName=${hosts.join(",")}\n`);
  const signer = ["-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "2"];
  const signed = ["-in", path("request.pem"), "-extfile", path("names"), "-out", path("cert.pem")];
  await openssl("x509", "-req", ...signer, ...signed);
  return { ca: path("ca.pem"), cert: path("cert.pem"), key: path("key.pem") };
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args], stdout: "null" }).output();
  if (!success) throw new Error(`openssl ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}
