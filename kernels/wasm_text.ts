/** Writes pieces of WebAssembly text. Locals are named, and a value is an i32 unless its type is given. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
export const each = (count: number, line: (index: number) => string): string => range(count).map(line).join("\n");
export const int = (value: number): string => `(i32.const ${value})`;
export const get = (local: string): string => `(local.get $${local})`;
export const set = (local: string, value: string): string => `(local.set $${local} ${value})`;
export const add = (a: string, b: string): string => `(i32.add ${a} ${b})`;
export const advance = (local: string, by: string): string => set(local, add(get(local), by));
export const params = (...names: string[]): string => names.map((name) => `(param $${name} i32)`).join(" ");
export const locals = (type: string, ...names: string[]): string =>
  names.map((name) => `(local $${name} ${type})`).join(" ");

/** Repeats `body` while the local `index`, from 0, is below `count`, which is not 0. */
export const loop = (index: string, count: string, body: string): string => `
  ${set(index, int(0))}
  (loop $${index}
    ${body}
    ${advance(index, int(1))}
    (br_if $${index} (i32.lt_u ${get(index)} ${count})))`;
