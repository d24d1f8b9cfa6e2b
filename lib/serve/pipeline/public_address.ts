/** The server's address behind a proxy: its public host and origin, and the clients that the proxy names. */
import { isIP } from "node:net";
import type { AddressSet } from "../../config/addresses.ts";
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

/**
 * Returns a function that gives the client's address: the peer's, or the one that a trusted proxy names. Each proxy adds
 * its own client at the end of X-Forwarded-For; what stands before the first address that is no trusted proxy may be
 * invented.
 */
export function clientReader(isTrusted: AddressSet | undefined): (request: Request, peer: Peer) => string {
  if (!isTrusted) return (_, { address }) => address;
  return ({ headers }, peer) => {
    let client = peer.address;
    const named = headers.get("X-Forwarded-For")?.split(",") ?? [];
    while (isTrusted(client)) {
      const before = named.pop()?.trim() ?? "";
      if (!isIP(before)) break;
      client = before;
    }
    return client;
  };
}
