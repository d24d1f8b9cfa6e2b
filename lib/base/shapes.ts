/**
 * Parses JSON from outside, without a library: what only predicts must be small. Each shape checks one kind of value, and
 * throws a ShapeError that names the field, the value and what was expected.
 */
import { describe } from "./printable.ts";
import { isRecord } from "./record.ts";

/** A value has another shape than expected. */
export class ShapeError extends RangeError {
  override readonly name = "ShapeError";
  /** Names the value: `model.hidden`, `labels[3]`. */
  readonly field: string;

  constructor(field: string, value: unknown, expected: string) {
    super(`${field} is ${describe(value)}: expected ${expected}`);
    this.field = field;
  }
}

/** Returns `value`, which messages call `field`, as a Value. Throws a ShapeError. */
export type Shape<Value> = (value: unknown, field: string) => Value;

export function text(value: unknown, field: string): string {
  if (typeof value === "string") return value;
  throw new ShapeError(field, value, "a text");
}

export function flag(value: unknown, field: string): boolean {
  if (typeof value === "boolean") return value;
  throw new ShapeError(field, value, "true or false");
}

export function whole(min: number, max: number): Shape<number> {
  return (value, field) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new ShapeError(field, value, `a whole number from ${min} to ${max}`);
  };
}

export function real(min: number, max = Infinity): Shape<number> {
  const expected = max === Infinity ? `a number from ${min} on` : `a number from ${min} to ${max}`;
  return (value, field) => {
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw new ShapeError(field, value, expected);
  };
}

export function oneOf<const Value extends string | number>(...values: readonly Value[]): Shape<Value> {
  return (value, field) => {
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    throw new ShapeError(field, value, values.map((one) => JSON.stringify(one)).join(" or "));
  };
}

/** A list of `least` to `most` items. */
export function listOf<Item>(item: Shape<Item>, least = 0, most = 2 ** 32): Shape<readonly Item[]> {
  return (value, field) => {
    if (Array.isArray(value) && value.length >= least && value.length <= most) {
      return value.map((one, index) => item(one, `${field}[${index}]`));
    }
    const found = Array.isArray(value) ? `a list of ${value.length}` : value;
    throw new ShapeError(field, found, `a list of ${least} to ${most} items`);
  };
}

/** An object of any JSON. */
export function anyObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new ShapeError(field, value, "an object");
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
    throw new ShapeError(`${this.#field}.${other}`, this.#values[other], "no such field");
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  read<Value>(key: string, shape: Shape<Value>): Value {
    return shape(this.has(key) ? this.#values[key] : undefined, `${this.#field}.${key}`);
  }

  /** Reads a field that may be missing. */
  maybe<Value>(key: string, shape: Shape<Value>): Value | undefined {
    return this.has(key) ? this.read(key, shape) : undefined;
  }
}
