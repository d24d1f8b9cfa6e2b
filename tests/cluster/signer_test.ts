import { assert, assertEquals } from "@std/assert";
import { isSigned, Signer } from "../../lib/cluster/signer.ts";

Deno.test("isSigned() takes a key's own signature of that digest, and nothing else", () => {
  const [own, other] = [new Signer("a"), new Signer("a")];
  const digest = Uint8Array.from({ length: 32 }, (_, i) => i);
  const signature = own.sign(digest);
  assertEquals(signature.length, 64);
  assert(isSigned(digest, signature, own.key));
  assert(!isSigned(digest, signature, other.key));
  assert(!isSigned(digest.map((byte) => byte ^ 1), signature, own.key));
  assert(!isSigned(digest, signature.map((byte) => byte ^ 1), own.key));
  assert(!isSigned(digest, new Uint8Array(64), own.key));
  for (const key of ["", "garbage", "A".repeat(43)]) assert(!isSigned(digest, signature, key));
  assertEquals([own.next().count, own.next().count], [0, 1]);
});
