/**
 * Binds the exact kernels, which are for engines without structs, and for engines and processors that round a relaxed
 * multiply-add twice. They have the bits of the fast kernels, and take several times as long.
 */

const UNIT = 2 ** -23;

/**
 * Returns whether multiply-adds are rounded once here. `forward` is the module of kernels/forward.wasm, whose `multiplyAdd`
 * calls nothing else.
 */
export function fusesMultiplyAdds(forward: WebAssembly.Module): boolean {
  const imports = WebAssembly.Module.imports(forward).filter(({ module }) => module === "products");
  const { multiplyAdd } = new WebAssembly.Instance(forward, {
    env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 1 }) },
    products: Object.fromEntries(imports.map(({ name }) => [name, () => 0])),
  }).exports;
  // The exact result lies below the middle between two float32 by less than a float64 can tell.
  return typeof multiplyAdd === "function" && multiplyAdd(1 + UNIT, (1 - UNIT) / 2 ** 24, 1 + UNIT) === 1 + UNIT;
}

/** Returns what the exact kernels import: they read a right operand where it was packed. */
export function exactProducts(): WebAssembly.ModuleImports {
  const places: number[] = [];
  return {
    stageOperand: (operand: number, from: number) => void (places[operand] = from),
    operandAt: (operand: number) => places[operand],
  };
}
