/** The config as command-line flags: what each is called, takes and defaults to, all read off the schema. */
import { z } from "zod";
import { type PathMark, pathMarks } from "./paths.ts";
import { type ConfigKey, configSchema } from "./schema.ts";

const description = z.object({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  description: z.string(),
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
});

export interface Flag<Key extends string = ConfigKey> {
  readonly key: Key;
  /** Without dashes: `batch-size`. */
  readonly name: string;
  /** `list`: texts, one for each time that the flag is given. */
  readonly kind: "boolean" | "text" | "number" | "list";
  /** What stands for the value in the help: `N`, `text|json`. */
  readonly value: string;
  readonly description: string;
  /** Of a path. */
  readonly path?: PathMark;
  readonly default: string | number | boolean | readonly string[];
}

/** By the schema's types; a number, or a word in its place, has several. */
const KINDS: Readonly<Record<string, Flag["kind"]>> = { boolean: "boolean", string: "text", array: "list" };
const PLACEHOLDERS: Readonly<Record<Flag["kind"], string>> = { boolean: "", text: "TEXT", number: "N", list: "FILE" };

/** `batchSize` → `batch-size`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flags of a schema's values, in its order. */
export function flagsOf<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
): readonly Flag<keyof Shape & string>[] {
  const marks = pathMarks(schema);
  return Object.entries(z.toJSONSchema(schema, { io: "input" }).properties ?? {}).map(([key, property]) => {
    const { type, enum: values, description: text, default: initial } = description.parse(property);
    const kind = KINDS[type ?? ""] ?? "number";
    const value = values ? values.join("|") : PLACEHOLDERS[kind];
    const path = marks.get(key);
    return { key, name: flagName(key), kind, value, description: text, default: initial, ...path && { path } };
  });
}

/** Every flag of the config. */
export const flags: readonly Flag[] = flagsOf(configSchema);

/** What the text of a flag means: a number where it is one and one is wanted, else the text itself. */
export function flagValue(flag: Flag<string>, text: string): string | number {
  const number = Number(text);
  return flag.kind === "number" && text.trim() !== "" && !Number.isNaN(number) ? number : text;
}
