/** The server's address behind a proxy: its public host and origin, and the clients that the proxy names. */
import { isIP } from "node:net";
import type { Peer } from "./peer.ts";

export interface PublicAddress {
  /** Without a slash at the end: `https://example.org/lockstep`. */
  readonly url: string;
  readonly origin: string;
  /** Without port, IPv6 in brackets. */
  readonly host: string;
}

/** Parses `url`, an http or https URL. */
export function publicAddress(url: string): PublicAddress {
  const { origin, hostname, pathname } = new URL(url);
  return { url: `${origin}${pathname.replace(/\/+$/, "")}`, origin, host: hostname };
}

/** Returns a function that gives the client's address: the peer's, or the one that a proxy on this machine names. */
export function clientReader(isBehindProxy: boolean): (request: Request, peer: Peer) => string {
  if (!isBehindProxy) return (_, { address }) => address;
  return ({ headers }, { address }) => {
    if (!isLoopback(address)) return address;
    // The last one is from the proxy itself; its client may have sent the others.
    const last = headers.get("X-Forwarded-For")?.split(",").at(-1)?.trim() ?? "";
    return isIP(last) ? last : address;
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
