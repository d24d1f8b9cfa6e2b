/**
 * Marks the values of the config that name files. The schema sets the marks; HTTP requests, the command line and the
 * permissions of tasks use them.
 */
import { z } from "zod";

export interface PathMark {
  readonly kind: "file" | "folder";
  /** Values that name no file. */
  readonly words?: readonly string[];
  /** Names of files in the same folder that are read with it if they exist. */
  readonly beside?: readonly string[];
}

const marks = z.registry<PathMark>();

/** Marks `schema`, or the items of a list, as a path. It must be the last call: zod's methods make new schemas. */
export function pathValue<Schema extends z.ZodType>(schema: Schema, mark: PathMark = { kind: "file" }): Schema {
  marks.add(schema, mark);
  return schema;
}

/** Returns the marks of a schema's values, by key. */
export function pathMarks(schema: z.ZodObject): ReadonlyMap<string, PathMark> {
  const entries = Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>);
  return new Map(entries.flatMap(([key, value]) => {
    const mark = marks.get(value);
    return mark ? [[key, mark] as const] : [];
  }));
}

/** A path among the values of a config. */
interface NamedPath {
  readonly key: string;
  /** The key with its index in a list: `data[0]`. */
  readonly field: string;
  readonly path: string;
  readonly mark: PathMark;
}

/** Lists the paths in `values` by their `marked` keys. Values that are not texts are left to the schema. */
export function pathsIn(values: Readonly<Record<string, unknown>>, marked: ReadonlyMap<string, PathMark>): NamedPath[] {
  return [...marked].flatMap(([key, mark]) => {
    const value = values[key];
    const texts = Array.isArray(value) ? value.map((path, at) => [`${key}[${at}]`, path] as const) : [
      [key, value === "" ? undefined : value] as const,
    ];
    return texts.flatMap(([field, path]) =>
      typeof path === "string" && !mark.words?.includes(path) ? [{ key, field, path, mark }] : []
    );
  });
}

/** Returns `values` with the paths in `changed`, which is keyed by field. */
export function withPaths(
  values: Readonly<Record<string, unknown>>,
  marked: ReadonlyMap<string, PathMark>,
  changed: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const entries = Object.entries(values).map(([key, value]) => {
    if (!marked.has(key)) return [key, value] as const;
    const change = (field: string, one: unknown) => changed.get(field) ?? one;
    return [key, Array.isArray(value) ? value.map((one, at) => change(`${key}[${at}]`, one)) : change(key, value)];
  });
  return Object.fromEntries(entries);
}
