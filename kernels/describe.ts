/**
 * Reads the exports of the kernels off their sources, as plain data: the names and types of parameters, and the layout of the
 * structs that some kernels read their arguments from. The bindings of every language are generated from this.
 */

/** A number as WebAssembly passes it; `usize` is a byte offset in the memory or a count of bytes. */
const NUMBER_TYPES = ["usize", "i32", "f32", "f64", "bool"] as const;
type NumberType = typeof NUMBER_TYPES[number];

interface Parameter {
  readonly name: string;
  /** A number's type, or the name of the struct whose byte offset is passed. */
  readonly type: string;
}

export interface KernelFunction {
  readonly name: string;
  /** The name of the source without its ending. */
  readonly file: string;
  readonly parameters: readonly Parameter[];
  readonly result: NumberType | "void";
}

interface StructField {
  readonly name: string;
  readonly type: NumberType;
  /** Byte offset in the struct. */
  readonly offset: number;
}

export interface Struct {
  readonly name: string;
  readonly fields: readonly StructField[];
}

export interface KernelDescription {
  readonly functions: readonly KernelFunction[];
  readonly structs: readonly Struct[];
}

const COMMENT = /\/\*[^]*?\*\/|\/\/.*$/gm;
const EXPORT_FROM = /export \{([^}]*)\} from "\.\/([\w/]+)"/g;
const STRUCT = /@unmanaged\s+export class (\w+)(?: extends (\w+))? \{([^}]*)\}/g;

/** Describes the exports of `index.ts`; `read` returns the text of a source. Throws an Error for what it cannot read. */
export function describeKernels(read: (name: string) => string): KernelDescription {
  const structs = new Map<string, Struct>();
  const functions = [...read("index.ts").matchAll(EXPORT_FROM)].flatMap(([, names, file]) => {
    const source = read(`${file}.ts`).replace(COMMENT, "");
    for (const [, name, parent, body] of source.matchAll(STRUCT)) {
      structs.set(name!, describeStruct(name!, parent, body!, structs));
    }
    return names!.split(",").map((name) => describeFunction(name.trim(), file!, source, structs));
  });
  return { functions, structs: [...structs.values()] };
}

function describeFunction(
  name: string,
  file: string,
  source: string,
  structs: ReadonlyMap<string, Struct>,
): KernelFunction {
  const [, parameters, result] =
    source.match(new RegExp(`export (?:declare )?function ${name}\\(([^)]*)\\): (\\w+) ?[{;]`)) ?? [];
  if (parameters === undefined || result === undefined) throw new Error(`Cannot find ${name} in ${file}.ts`);
  const list = split(parameters, ",");
  for (const { name: parameter, type } of list) if (!structs.has(type)) numberType(type, `${name}.${parameter}`);
  // All structs are written to the same place.
  if (list.filter(({ type }) => structs.has(type)).length > 1) {
    throw new Error(`${name} takes two structs: expected one`);
  }
  return {
    name,
    file,
    parameters: list,
    result: result === "void" ? result : numberType(result, name),
  };
}

/** Places fields one after another, a parent's first: each has four bytes, so that no language pads them. */
function describeStruct(
  name: string,
  parent: string | undefined,
  body: string,
  structs: ReadonlyMap<string, Struct>,
): Struct {
  const inherited = parent === undefined ? [] : structs.get(parent)?.fields;
  if (!inherited) throw new Error(`${name} extends ${parent}, which is no struct of the same file above it`);
  const own = split(body, ";").map(({ name: field, type }, index): StructField => {
    const known = numberType(type, `${name}.${field}`);
    if (known === "f64" || known === "bool") {
      throw new Error(`${name}.${field} is ${type}: expected a type of four bytes`);
    }
    return { name: field, type: known, offset: 4 * (inherited.length + index) };
  });
  return { name, fields: [...inherited, ...own] };
}

/** Splits `name: type` pairs. */
function split(text: string, separator: string): { name: string; type: string }[] {
  return text.split(separator).map((pair) => pair.trim()).filter((pair) => pair !== "").map((pair) => {
    const [, name, type] = pair.match(/^(\w+): (\w+)$/) ?? [];
    if (name === undefined || type === undefined) throw new Error(`Cannot read "${pair}": expected name: type`);
    return { name, type };
  });
}

function numberType(type: string, of: string): NumberType {
  const known = NUMBER_TYPES.find((name) => name === type);
  if (!known) throw new Error(`${of} is ${type}: expected ${NUMBER_TYPES.join(", ")} or a struct above it`);
  return known;
}
