import { assertEquals } from "@std/assert";
import { addressSet, LOOPBACK } from "../../lib/config/addresses.ts";

Deno.test("addressSet() contains the addresses of its networks in every spelling", () => {
  const set = addressSet(` 10.0.0.0/8,192.0.2.7 , fd00::/8,${LOOPBACK}`)!;
  const inside = ["10.255.0.1", "::ffff:10.1.2.3", "192.0.2.7", "fdff::1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"];
  const outside = ["11.0.0.1", "192.0.2.8", "fe00::1", "::2", "", "unknown", "10.0.0.1:80", "fd00::1%eth0", "1"];
  assertEquals(inside.filter((address) => !set(address)), []);
  assertEquals(outside.filter((address) => set(address)), []);
});

Deno.test("addressSet() refuses what is no list of addresses and networks", () => {
  const wrong = ["", "10.0.0.0/33", "::/129", "10.0.0/8", "localhost", "1.2.3.4;", "1.2.3.4,", "10.0.0.1/-1", "::1/ 8"];
  assertEquals(wrong.filter((list) => addressSet(list)), []);
});
