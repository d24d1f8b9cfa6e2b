import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { cos, ln, power } from "../../lib/base/numbers/elementary.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";

/** Counts the float64 numbers from `a` to `b`, which have the same sign. */
function unitsBetween(a: number, b: number): number {
  const [first, second] = new BigInt64Array(new Float64Array([a, b]).buffer);
  return Math.abs(Number(first! - second!));
}

/** Computes what training uses: logarithms and cosines of random draws, and powers of Adam's constants. */
function* computed(count: number): Generator<[name: string, own: number, engine: number]> {
  const random = new Random(7, Stream.weights);
  for (let i = 0; i < count; i++) {
    const u = (random.bits() + 1) * 2 ** -32;
    yield ["ln", ln(u), Math.log(u)];
    yield ["cos", cos(2 * Math.PI * u), Math.cos(2 * Math.PI * u)];
    yield ["power", power(0.9, i), 0.9 ** i];
    yield ["power", power(0.999, i), 0.999 ** i];
  }
}

Deno.test("ln(), cos() and power() are within two units of the engine's own functions", () => {
  for (const [name, own, engine] of computed(20_000)) {
    assert(unitsBetween(own, engine) <= 2, `${name}: ${own}, Math has ${engine}`);
  }
});

Deno.test("ln(), cos() and power() have the same bits everywhere", () => {
  const values = Float64Array.from(computed(5000), ([, own]) => own);
  const digest = createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");
  assertEquals(digest, "a0ae832d43d79ceac7073cde4ee9741e262fbddb549ca6335c4e5a67ca2adc90");
});

Deno.test("cos() is exact at multiples of a quarter turn as far as their float64 is", () => {
  for (const x of [0, Math.PI / 2, Math.PI, 1.5 * Math.PI, 2 * Math.PI]) {
    assert(Math.abs(cos(x) - Math.cos(x)) < 2 ** -53, `${x}`);
  }
});

Deno.test("no function of Math whose bits differ between engines reaches the weights", () => {
  const lib = new URL("../../lib/", import.meta.url);
  const paths = ["engine", "lockstep"].flatMap((folder) =>
    readdirSync(new URL(folder, lib), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`)
  ).filter((path) => path.endsWith(".ts") && path !== "engine/reference/cross_entropy.ts");
  assert(paths.length > 50);
  const inexact =
    /\bMath\.(?:a?(?:sin|cos|tan)h?|atan2|exp|expm1|log|log1p|log10|pow|cbrt|hypot)\(|(?<!\b2) \*\* (?!2\b)/;
  const found = [...paths, "base/numbers/random.ts", "model/initial.ts"].filter((path) => {
    const text = readFileSync(new URL(path, lib), "utf8");
    return inexact.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""));
  });
  assertEquals(found, []);
});
