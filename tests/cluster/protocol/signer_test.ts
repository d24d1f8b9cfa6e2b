import { assert, assertEquals } from "@std/assert";
import { isSigned, Signer } from "../../../lib/cluster/protocol/signer.ts";

Deno.test("isSigned() accepts only a signature of that digest by that key", () => {
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

Deno.test("Signer.isSigned() accepts only its own recent digests without a signature", () => {
  const [own, other] = [new Signer("a"), new Signer("b")];
  const digest = Uint8Array.from({ length: 32 }, (_, i) => i);
  const changed = digest.map((byte) => byte ^ 1);
  const none = new Uint8Array(64);
  assert(!own.isSigned(digest, none, own.key));
  const signature = own.sign(digest);
  assert(own.isSigned(digest, none, own.key));
  assert(!own.isSigned(changed, signature, own.key));
  // Neither another key nor another signer has it.
  assert(!own.isSigned(digest, signature, other.key));
  assert(!other.isSigned(digest, none, own.key));
  assert(other.isSigned(digest, signature, own.key));
  assert(!other.isSigned(changed, signature, own.key));
  // Older digests need their signature again.
  for (let i = 0; i < 1000; i++) own.sign(Uint8Array.of(i & 255, i >> 8));
  assert(!own.isSigned(digest, none, own.key));
  assert(own.isSigned(digest, signature, own.key));
});
