import fc from "fast-check";

/** Draws code points except surrogates, as fast-check's own unit "binary" does, which takes seconds to build its tables. */
export const anyCharacter = fc.oneof(
  fc.integer({ min: 0x20, max: 0x7e }),
  fc.nat(0x2ff),
  fc.nat(0x10f7ff).map((number) => number < 0xd800 ? number : number + 0x800),
).map((code) => String.fromCodePoint(code));
