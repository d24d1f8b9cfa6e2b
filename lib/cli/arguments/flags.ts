/**
 * Derives the command-line flags from the schema of the config: names, values, descriptions and defaults. Only lib/cli
 * knows flags. Other layers name an option by its key in backquotes, see messages.ts.
 */
import { z } from "zod";
import { type PathMark, pathMarks } from "../../config/paths.ts";
import { type ConfigKey, configSchema } from "../../config/schema.ts";
import { flagName } from "../../report/flag_name.ts";

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
  /** A `list` has one text per time that the flag is given. */
  readonly kind: "boolean" | "text" | "number" | "list";
  /** Stands for the value in the help: `N`, `text|json`. */
  readonly value: string;
  readonly description: string;
  /** Set if the value is a path. */
  readonly path?: PathMark;
  readonly default: string | number | boolean | readonly string[];
}

/** Keyed by the schema's types; a number that may also be a word has several types. */
const KINDS: Readonly<Record<string, Flag["kind"]>> = { boolean: "boolean", string: "text", array: "list" };
const PLACEHOLDERS: Readonly<Record<Flag["kind"], string>> = { boolean: "", text: "TEXT", number: "N", list: "FILE" };

/** Returns the flags of a schema, in the order of its keys. */
export function flagsOf<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
): readonly Flag<keyof Shape & string>[] {
  const marks = pathMarks(schema);
  return Object.entries(z.toJSONSchema(schema, { io: "input" }).properties ?? {}).map(([key, property]) => {
    const { type, enum: values, description: text, default: initial } = description.parse(property);
    const kind = KINDS[type ?? ""] ?? "number";
    const path = marks.get(key);
    const value = values ? values.join("|") : kind === "list" && !path ? "TEXT" : PLACEHOLDERS[kind];
    return { key, name: flagName(key), kind, value, description: text, default: initial, ...path && { path } };
  });
}

/** All flags of the config. */
export const flags: readonly Flag[] = flagsOf(configSchema);

/** Parses the text of a flag: a number if the flag takes one and the text is one, otherwise the text itself. */
export function flagValue(flag: Flag<string>, text: string): string | number {
  const number = Number(text);
  return flag.kind === "number" && text.trim() !== "" && !Number.isNaN(number) ? number : text;
}
