/**
 * Which values of the config name files. A key that is a path says so where the schema defines it; everything that
 * treats paths (requests over HTTP, the command line, what a task may read) goes by these marks.
 */
import { z } from "zod";

export interface PathMark {
  readonly kind: "file" | "folder";
  /** Values that name no file. */
  readonly words?: readonly string[];
  /** Names of files beside it that are read with it where they are there. */
  readonly beside?: readonly string[];
}

const marks = z.registry<PathMark>();

/** Marks `schema`, or what it lists, as a path. It has to be the last call: zod's methods make new schemas. */
export function pathValue<Schema extends z.ZodType>(schema: Schema, mark: PathMark = { kind: "file" }): Schema {
  marks.add(schema, mark);
  return schema;
}

/** The mark of a schema; nothing where its value is no path. */
export function pathMark(schema: z.ZodType): PathMark | undefined {
  return marks.get(schema);
}

/** The marks of a schema's values, by key. */
export function pathMarks(schema: z.ZodObject): ReadonlyMap<string, PathMark> {
  const entries = Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>);
  return new Map(entries.flatMap(([key, value]) => {
    const mark = pathMark(value);
    return mark ? [[key, mark] as const] : [];
  }));
}

/** One path among values. */
export interface NamedPath {
  readonly key: string;
  /** The key, with its place in a list: `data[0]`. */
  readonly field: string;
  readonly path: string;
  readonly mark: PathMark;
}

/** Every path that `values` name, by the `marked` keys. What is no text is none: the schema says so. */
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

/** `values` with `changed` in place of each path that it has a text for, by its field. */
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
