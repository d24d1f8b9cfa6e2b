/** Who may ask: nobody through a name that is not ours (DNS rebinding), and no other site's page with a form. */
import { describe } from "../../data/batches/check_tokens.ts";
import { Refusal } from "./problem.ts";

/** Host names without port, IPv6 in brackets; `any` where names cannot be known, as behind a proxy. */
export type AllowedHosts = readonly string[] | "any";

export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Names to accept when listening on `host`: on a loopback address its own names, on all others any. */
export function allowedHostsFor(host: string): AllowedHosts {
  const name = host.toLowerCase();
  if (["localhost", "::1", "[::1]"].includes(name)) return LOOPBACK_HOSTS;
  return /^127(\.\d+){3}$/.test(name) ? [...new Set([...LOOPBACK_HOSTS, name])] : "any";
}

/** Returns the check of a request's authority. It throws a Refusal for another name than those allowed. */
export function hostCheck(allowed: AllowedHosts): (authority: string) => void {
  if (allowed === "any") return () => {};
  // Most come by the same name as the one before.
  let good: string | undefined;
  return (authority) => {
    if (authority === good) return;
    if (!allowed.includes(authority.replace(/:\d+$/, "").toLowerCase())) {
      const message = `Host is ${describe(authority)}: expected ${allowed.join(", ")}`;
      throw new Refusal(421, { field: "Host", message });
    }
    good = authority;
  };
}

/** Throws a Refusal for a request to change or compute something that a page of neither this server nor `allowed` sent. */
export function checkOrigin(request: Request, authority: string, allowed: readonly (string | undefined)[]): void {
  const origin = request.headers.get("origin");
  if (origin === null || allowed.includes("*") || allowed.includes(origin)) return;
  // Schemes are not compared: behind a proxy that ends TLS they differ.
  if (URL.parse(origin)?.host === URL.parse(`http://${authority}`)?.host) return;
  const message = `Origin is ${describe(origin)}: expected none, or that of this server`;
  throw new Refusal(403, { field: "Origin", message });
}
