/** Sets of IP addresses, written as a list of addresses and networks: `10.0.0.7, 172.16.0.0/12, fd00::/8`. */
import { BlockList, isIP } from "node:net";

/** Contains the addresses of this machine. */
export const LOOPBACK = "127.0.0.0/8,::1";

/** Tells whether an address is in the set. Text that is no address is in none. */
export type AddressSet = (address: string) => boolean;

/** Parses a list of addresses and networks. Returns undefined if it is malformed. */
export function addressSet(list: string): AddressSet | undefined {
  const known = new BlockList();
  for (const item of list.split(",")) {
    const [, address = "", bits] = /^\s*([\da-f.:]+)(?:\/(\d{1,3}))?\s*$/i.exec(item) ?? [];
    const family = familyOf(address);
    if (!family) return undefined;
    const most = family === "ipv4" ? 32 : 128;
    if (Number(bits ?? most) > most) return undefined;
    known.addSubnet(address, Number(bits ?? most), family);
  }
  return (text) => {
    // A socket that listens for both families names IPv4 addresses so.
    const address = text.replace(/^::ffff:(?=\d+\.)/i, "");
    const family = familyOf(address);
    return family !== undefined && known.check(address, family);
  };
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6";
}
