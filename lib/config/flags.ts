/** The config as command-line flags: what each is called, takes and defaults to, all read off the schema. */
import { z } from "zod";
import { type ConfigKey, configSchema } from "./schema.ts";

const description = z.object({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  description: z.string(),
  default: z.union([z.string(), z.number(), z.boolean()]),
});

export interface Flag {
  readonly key: ConfigKey;
  /** Without dashes: `batch-size`. */
  readonly name: string;
  readonly kind: "boolean" | "text" | "number";
  /** What stands for the value in the help: `N`, `text|json`. */
  readonly value: string;
  readonly description: string;
  readonly default: string | number | boolean;
}

/** `batchSize` → `batch-size`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Every flag, in the order of the schema. */
export const flags: readonly Flag[] = Object.entries(z.toJSONSchema(configSchema, { io: "input" }).properties ?? {})
  .map(
    ([key, property]): Flag => {
      const { type, enum: values, description: text, default: initial } = description.parse(property);
      const kind = type === "boolean" ? "boolean" : type === "string" ? "text" : "number";
      const value = kind === "boolean" ? "" : values ? values.join("|") : kind === "text" ? "TEXT" : "N";
      return { key: key as ConfigKey, name: flagName(key), kind, value, description: text, default: initial };
    },
  );

/** What the text of a flag means: a number where it is one and one is wanted, else the text itself. */
export function flagValue(flag: Flag, text: string): string | number {
  const number = Number(text);
  return flag.kind === "number" && text.trim() !== "" && !Number.isNaN(number) ? number : text;
}
