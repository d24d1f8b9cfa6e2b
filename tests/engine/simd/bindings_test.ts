/** Compares the bindings of the kernels with the declarations in the sources and the exports of the compiled module. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describeKernels } from "../../../kernels/describe.ts";
import {
  bindStructs,
  type KernelExports,
  KERNELS,
  STRUCT_BYTES,
  STRUCTS,
} from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels, checkExports } from "../../../lib/engine/simd/kernels.ts";

const sources = new URL("../../../kernels/assembly/", import.meta.url);

/** Makes the exports of a module: functions with as many parameters as `KERNELS` says. */
function exportsOf(change: Record<string, WebAssembly.ExportValue> = {}): WebAssembly.Exports {
  const functions = Object.entries(KERNELS).map(([name, { parameters }]) => {
    const kernel = () => 0;
    return [name, Object.defineProperty(kernel, "length", { value: Object.keys(parameters).length })];
  });
  return { ...Object.fromEntries(functions), ...change };
}

Deno.test("KERNELS and STRUCTS are what kernels/assembly declares", () => {
  const { functions, structs } = describeKernels((name) => Deno.readTextFileSync(new URL(name, sources)));
  const signatures = functions.map(({ name, parameters, result }) => {
    return [name, { parameters: Object.fromEntries(parameters.map(({ name, type }) => [name, type])), result }];
  });
  assertEquals<unknown>(KERNELS, Object.fromEntries(signatures));
  const layouts = structs.map(({ name, fields }) => {
    return [name, Object.fromEntries(fields.map(({ name, type, offset }) => [name, [type, offset]]))];
  });
  assertEquals<unknown>(STRUCTS, Object.fromEntries(layouts));
  for (const { name, fields } of structs) assert(4 * fields.length <= STRUCT_BYTES, name);
});

Deno.test("no kernel takes more than ten numbers beside each other", () => {
  const wide = Object.entries(KERNELS).filter(([, { parameters }]) => Object.keys(parameters).length > 10);
  assertEquals(wide.map(([name]) => name), []);
});

Deno.test("bindKernels() accepts the compiled module", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  assertEquals(Object.keys(bindKernels(memory, 0)).sort(), Object.keys(KERNELS).sort());
});

Deno.test("checkExports() refuses a module that lacks a kernel, or whose kernel has other parameters", () => {
  checkExports(exportsOf());
  const { peak: _, ...without } = exportsOf();
  assertThrows(() => checkExports(without), TypeError, "no peak");
  assertThrows(() => checkExports(exportsOf({ zero: new WebAssembly.Memory({ initial: 0 }) })), TypeError, "no zero");
  assertThrows(
    () => checkExports(exportsOf({ zero: (_at: number) => 0 })),
    TypeError,
    "zero takes 1 numbers: expected 2",
  );
});

Deno.test("bindStructs() writes each field of a struct at its offset, as its type, and nothing else", () => {
  const at = 128;
  for (const [kernel, { parameters }] of Object.entries(KERNELS)) {
    const struct = Object.values(parameters).find((type) => type in STRUCTS);
    if (struct === undefined) continue;
    const layout: Readonly<Record<string, readonly [string, number]>> = STRUCTS[struct as keyof typeof STRUCTS];
    const bytes = new DataView(new ArrayBuffer(512));
    const passed: number[][] = [];
    const exports = exportsOf({ [kernel]: (...numbers: number[]) => void passed.push(numbers) });
    Object.defineProperty(exports[kernel], "length", { value: Object.keys(parameters).length });
    checkExports(exports);
    const bound = bindStructs(exports satisfies KernelExports, bytes.buffer, at);
    // The struct's byte offset stands for it among the other numbers.
    const call = Object.fromEntries(Object.keys(layout).map((name, index) => [name, 1.5 + index]));
    const others = Object.values(parameters).slice(0, -1).map((_, index) => 100 + index);
    Reflect.apply(bound[kernel as keyof typeof KERNELS], undefined, [...others, call]);
    assertEquals(passed, [[...others, at]]);
    for (const [name, [type, offset]] of Object.entries(layout)) {
      const value = type === "f32" ? bytes.getFloat32(at + offset, true) : bytes.getInt32(at + offset, true);
      assertEquals(value, type === "f32" ? call[name] : Math.trunc(call[name]!), `${kernel}: ${name}`);
      bytes.setInt32(at + offset, 0);
    }
    assert(new Uint8Array(bytes.buffer).every((byte) => byte === 0), kernel);
  }
});

const INDEX = `export { f } from "./f";`;
const STRUCT =
  `// @ts-ignore: decorator\n@unmanaged\nexport class Call {\n  a: usize; /* of f32 */ b: f32; // last\n}\n`;

function describe(source: string): ReturnType<typeof describeKernels> {
  return describeKernels((name) => name === "index.ts" ? INDEX : source);
}

Deno.test("describeKernels() reads parameters, results, structs and what structs inherit", () => {
  const child = `@unmanaged\nexport class Long extends Call {\n  c: i32;\n}\n`;
  const { functions, structs } = describe(`${STRUCT}${child}export function f(\n  n: i32, call: Long,\n): f64 {\n}`);
  const parameters = [{ name: "n", type: "i32" }, { name: "call", type: "Long" }];
  assertEquals(functions, [{ name: "f", file: "f", parameters, result: "f64" }]);
  const inherited = [{ name: "a", type: "usize", offset: 0 }, { name: "b", type: "f32", offset: 4 }] as const;
  assertEquals(structs, [
    { name: "Call", fields: inherited },
    { name: "Long", fields: [...inherited, { name: "c", type: "i32", offset: 8 }] },
  ]);
});

const unreadable: [what: string, source: string, message: string][] = [
  ["a function that is not there", "export function g(): void {\n}", "Cannot find f in f.ts"],
  ["an unknown type", "export function f(a: u64): void {\n}", "f.a is u64"],
  ["an unknown result", "export function f(): u64 {\n}", "f is u64"],
  ["a struct that is not there", "export function f(call: Call): void {\n}", "f.call is Call"],
  ["two structs", `${STRUCT}export function f(a: Call, b: Call): void {\n}`, "f takes two structs"],
  ["a field of eight bytes", STRUCT.replace("b: f32", "b: f64"), "Call.b is f64: expected a type of four bytes"],
  ["an unknown parent", STRUCT.replace("Call", "Call extends Other"), "Call extends Other"],
  ["a parameter without a type", "export function f(a): void {\n}", 'Cannot read "a"'],
];
for (const [what, source, message] of unreadable) {
  Deno.test(`describeKernels() refuses ${what}`, () => {
    assertThrows(() => describe(source), Error, message);
  });
}
