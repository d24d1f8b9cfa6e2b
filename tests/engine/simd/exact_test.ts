/** Compares the multiply-adds of the exact kernels with those of the processor. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { critical, UNIT } from "./critical_sums.ts";

type MultiplyAdd = (a: number, b: number, c: number) => number;

/** Returns the function of a module of kernels, which calls nothing else. */
function multiplyAddOf(name: string): MultiplyAdd {
  const module = new WebAssembly.Module(Deno.readFileSync(new URL(`../../../kernels/${name}.wasm`, import.meta.url)));
  const imports = WebAssembly.Module.imports(module).filter(({ module }) => module === "products");
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 1 }) },
    products: Object.fromEntries(imports.map(({ name }) => [name, () => 0])),
  });
  const { multiplyAdd } = exports;
  assert(typeof multiplyAdd === "function");
  return (a, b, c) => multiplyAdd(a, b, c);
}

const [processor, exact] = [multiplyAddOf("forward"), multiplyAddOf("forward_exact")];

Deno.test("multiplyAdd() of the exact kernels rounds once where two roundings would differ", () => {
  const [a, b, c] = critical[0]!;
  assertEquals(processor(a, b, c), 1 + UNIT);
  assertEquals(Math.fround(a * b + c), 1 + 2 * UNIT);
  for (const numbers of critical) assertEquals(exact(...numbers), processor(...numbers), `${numbers}`);
});

Deno.test("multiplyAdd() of the exact kernels has the processor's bits for any numbers", () => {
  const bits = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  /** Few bits in the fraction and exponents near 1 make the critical sums frequent. */
  const short = fc.tuple(
    fc.constantFrom(0, 1, 2, 4, 2 ** 11, 2 ** 12, 2 ** 22, 2 ** 23 - 1),
    fc.integer({ min: 100, max: 150 }),
  )
    .map(([fraction, exponent]) => (exponent * 2 ** 23 + fraction) >>> 0);
  const number = fc.oneof(bits, short, short.map((value) => (value | 0x8000_0000) >>> 0));
  fc.assert(
    fc.property(number, number, number, (...words) => {
      const [a, b, c] = new Float32Array(Uint32Array.from(words).buffer) as unknown as [number, number, number];
      assertEquals(exact(a, b, c), processor(a, b, c));
    }),
    { numRuns: 20_000 },
  );
});
