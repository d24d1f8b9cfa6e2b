import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseNumber } from "../../../lib/data/vectors/parse_number.ts";

function parse(text: string): number {
  const bytes = new TextEncoder().encode(`x ${text} y`);
  return parseNumber(bytes, 2, bytes.length - 2);
}

Deno.test("parseNumber() equals Number() for decimals as programs write them", () => {
  const written = fc.double({ noNaN: true, noDefaultInfinity: true }).chain((value) =>
    fc.constantFrom(
      String(value),
      value.toExponential(),
      value.toExponential(7).replace("e+", "E"),
      ...Math.abs(value) < 1e20 ? [value.toFixed(6)] : [],
    )
  );
  fc.assert(fc.property(written, (text) => assertEquals(parse(text), Number(text), text)), { numRuns: 2000 });
});

Deno.test("parseNumber() equals Number() where digits, powers or signs are unusual", () => {
  const texts = ["0", "-0", "+.5", "5.", "007", "9007199254740993", "0.1234567890123456789", "1e22", "1e23", "-1e-22"];
  for (const text of [...texts, "1e-330", "123456789e300", "1e9999", "0e9999", "-1.5E+3"]) {
    assertEquals(parse(text), Number(text), text);
  }
});

Deno.test("parseNumber() gives NaN for what is no decimal", () => {
  for (
    const text of ["", ".", "-", "e5", "1e", "1e+", "1.2.3", "1,5", "0x10", "nan", "inf", "Infinity", "1_000", "٣"]
  ) {
    assertEquals(parse(text), NaN, text);
  }
});
