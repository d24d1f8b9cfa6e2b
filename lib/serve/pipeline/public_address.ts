/** What others know the server by, where a proxy stands before it: its host and origin, and whom it asks for. */
import { isIP } from "node:net";
import type { Peer } from "./peer.ts";

export interface PublicAddress {
  /** Without a slash at the end: `https://example.org/lockstep`. */
  readonly url: string;
  readonly origin: string;
  /** Without port, IPv6 in brackets. */
  readonly host: string;
}

/** The address that `url`, an http or https URL, means. */
export function publicAddress(url: string): PublicAddress {
  const { origin, hostname, pathname } = new URL(url);
  return { url: `${origin}${pathname.replace(/\/+$/, "")}`, origin, host: hostname };
}

/** Returns who asks: the connection's other end, or whom a proxy of this machine names, if there is one. */
export function clientReader(isBehindProxy: boolean): (request: Request, peer: Peer) => string {
  if (!isBehindProxy) return (_, { address }) => address;
  return ({ headers }, { address }) => {
    if (!isLoopback(address)) return address;
    // What the proxy itself adds stands last; the others are what its client says.
    const last = headers.get("X-Forwarded-For")?.split(",").at(-1)?.trim() ?? "";
    return isIP(last) ? last : address;
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
