/**
 * Parses JSON from outside, without a library: what only predicts must be small. Each shape checks one kind of value, and
 * throws a ShapeError that names the field, the value and what was expected.
 */
import { counted } from "./counted.ts";
import { describe } from "./printable.ts";
import { isRecord } from "./record.ts";

/** A value has another shape than expected. */
export class ShapeError extends RangeError {
  override readonly name = "ShapeError";
  /** Names the value: `model.hidden`, `labels[3]`. */
  readonly field: string;
  /** Says what it is, or has, and what was expected. */
  readonly problem: string;
  readonly expected: string;

  constructor(field: string, problem: string, expected: string) {
    super(`${field} ${problem}: expected ${expected}`);
    this.field = field;
    this.problem = problem;
    this.expected = expected;
  }
}

/** Throws the ShapeError of a value. */
export function refuse(field: string, value: unknown, expected: string): never {
  throw new ShapeError(field, `is ${describe(value)}`, expected);
}

/** Returns `value`, which messages call `field`, as a Value. Throws a ShapeError. */
export type Shape<Value> = (value: unknown, field: string) => Value;

export function text(value: unknown, field: string): string {
  if (typeof value === "string") return value;
  return refuse(field, value, "a text");
}

export function flag(value: unknown, field: string): boolean {
  if (typeof value === "boolean") return value;
  return refuse(field, value, "true or false");
}

export function whole(min: number, max: number): Shape<number> {
  return (value, field) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    return refuse(field, value, `a whole number from ${min} to ${max}`);
  };
}

export function real(min: number, max = Infinity): Shape<number> {
  const expected = max === Infinity ? `a number from ${min} on` : `a number from ${min} to ${max}`;
  return (value, field) => {
    // JSON may say 1e999.
    if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= max) return value;
    return refuse(field, value, expected);
  };
}

export function oneOf<const Value extends string | number>(...values: readonly Value[]): Shape<Value> {
  return (value, field) => {
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    return refuse(field, value, values.map((one) => JSON.stringify(one)).join(" or "));
  };
}

/** A list of `least` to `most` items. */
export function listOf<Item>(item: Shape<Item>, least = 0, most = 2 ** 32): Shape<readonly Item[]> {
  return (value, field) => {
    if (Array.isArray(value) && value.length >= least && value.length <= most) {
      return value.map((one, index) => item(one, `${field}[${index}]`));
    }
    const expected = `a list of ${least} to ${most} items`;
    if (Array.isArray(value)) throw new ShapeError(field, `has ${counted(value.length, "item")}`, expected);
    return refuse(field, value, expected);
  };
}

/** An object of any JSON. */
export function anyObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  return refuse(field, value, "an object");
}

/** Reads the fields of an object one by one. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #field: string;

  /** Throws a ShapeError that calls `value` by the name `field` if it is no object. */
  constructor(value: unknown, field: string) {
    this.#values = anyObject(value, field);
    this.#field = field;
  }

  /** Throws a ShapeError if the object has another field than those. */
  only(...keys: readonly string[]): this {
    const other = Object.keys(this.#values).find((key) => !keys.includes(key));
    if (other === undefined) return this;
    throw new ShapeError(this.#field, `has the key ${JSON.stringify(other)}`, `only ${keys.join(", ")}`);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  read<Value>(key: string, shape: Shape<Value>): Value {
    return shape(this.has(key) ? this.#values[key] : undefined, this.#field === "" ? key : `${this.#field}.${key}`);
  }

  /** Reads a field that may be missing. */
  maybe<Value>(key: string, shape: Shape<Value>): Value | undefined {
    return this.has(key) ? this.read(key, shape) : undefined;
  }
}

/** A value that may be null or missing. */
export function nullish<Value>(shape: Shape<Value>): Shape<Value | null | undefined> {
  return (value, field) => value === null || value === undefined ? value : shape(value, field);
}

/** A value that may be missing: `standard` stands for it then. */
export function orElse<Value>(shape: Shape<Value>, standard: Value): Shape<Value> {
  return (value, field) => value === undefined ? standard : shape(value, field);
}

/** The shapes of the fields of an object. */
export type FieldShapes = Readonly<Record<string, Shape<unknown>>>;

/** An object with the values that these shapes return. */
export type Shaped<Shapes extends FieldShapes> = { readonly [Key in keyof Shapes]: ReturnType<Shapes[Key]> };

/** An object with these fields and no others. */
export function exactly<const Shapes extends FieldShapes>(shapes: Shapes): Shape<Shaped<Shapes>> {
  return (value, field) => {
    const fields = new Fields(value, field).only(...Object.keys(shapes));
    const values = Object.entries(shapes).map(([key, shape]) => [key, fields.read(key, shape)]);
    return Object.fromEntries(values) as Shaped<Shapes>;
  };
}

/** Objects of several kinds, by their `type`. */
export type Variant<Kinds extends Readonly<Record<string, FieldShapes>>> = {
  readonly [Type in keyof Kinds]: { readonly type: Type } & Shaped<Kinds[Type]>;
}[keyof Kinds];

/** An object of one of these kinds: with the fields of its kind and no others. */
export function variants<const Kinds extends Readonly<Record<string, FieldShapes>>>(
  kinds: Kinds,
): Shape<Variant<Kinds>> {
  const typeShape = oneOf(...Object.keys(kinds));
  return (value, field) => {
    const type = new Fields(value, field).read("type", typeShape);
    return exactly({ type: typeShape, ...kinds[type] })(value, field) as Variant<Kinds>;
  };
}
