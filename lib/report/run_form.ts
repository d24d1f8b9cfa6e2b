/** Derives the form for a new run from the schema that the server validates with. */
import { plain } from "./format.ts";

/** The part of a JSON schema that a field needs. */
export interface Property {
  readonly type?: string;
  readonly enum?: readonly (string | number)[];
  readonly anyOf?: readonly Property[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  /** The part of the config that it belongs to. */
  readonly "x-group"?: string;
}

export interface Field {
  readonly name: string;
  readonly kind: "choice" | "number" | "list" | "text";
  /** Values of a choice. */
  readonly options: readonly string[];
  /** The default, as text. */
  readonly fallback: string;
  readonly description: string;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** Fields that most runs need; the others are folded. */
export const BASIC = ["preset", "data", "textColumn", "labelColumn", "epochs", "learningRate", "hidden", "seed"];

/** Returns a field per property, the basic ones first. */
export function fieldsOf(properties: Readonly<Record<string, Property>>): Field[] {
  const rank = (name: string) => BASIC.includes(name) ? BASIC.indexOf(name) : BASIC.length;
  return Object.entries(properties).toSorted(([a], [b]) => rank(a) - rank(b)).map(([name, property]) => {
    const { minimum, maximum, description = "", default: fallback } = property;
    const options = optionsOf(property);
    const kind = options.length > 0 ? "choice" : KINDS[property.type ?? ""] ?? "text";
    const shown = fallback === undefined || fallback === "" ? "" : listText(fallback);
    return { name, kind, options, fallback: shown, description, minimum, maximum };
  });
}

const KINDS: Readonly<Record<string, Field["kind"]>> = { integer: "number", number: "number", array: "list" };

function optionsOf({ type, enum: values, anyOf = [] }: Property): string[] {
  if (type === "boolean") return ["true", "false"];
  if (values) return values.map(String);
  return anyOf.length > 0 && anyOf.every((one) => one.enum) ? anyOf.flatMap(optionsOf) : [];
}

function listText(value: unknown): string {
  return Array.isArray(value) ? value.map(plain).join(", ") : plain(value);
}

/** Returns the values of the fields that have a text. The server checks them. */
export function valuesOf(
  fields: readonly Field[],
  texts: ReadonlyMap<string, string>,
): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(fields.flatMap((field) => {
    const text = texts.get(field.name)?.trim() ?? "";
    return text === "" ? [] : [[field.name, valueOf(field, text)]];
  }));
}

function valueOf({ kind }: Field, text: string): string | number | boolean | string[] {
  if (kind === "list") return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
  if (kind === "choice" && (text === "true" || text === "false")) return text === "true";
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

/** Values of a run on files that follow from the data: the server refuses them in a request. */
const DERIVED: ReadonlySet<string> = new Set(["task", "vocabulary", "length", "stepsPerEpoch", "heldOut"]);

/** Returns the texts of a form for a run like the one with this config: its values that are not the defaults. */
export function textsOf(fields: readonly Field[], config: Readonly<Record<string, unknown>>): Map<string, string> {
  const hasFiles = Array.isArray(config["data"]) && config["data"].length > 0;
  return new Map(fields.flatMap(({ name, kind, fallback }) => {
    const value = hasFiles && DERIVED.has(name) ? undefined : config[name];
    if (value === undefined || value === "" || value === null) return [];
    // The server takes names of files in its own folder.
    const files = Array.isArray(value) ? value.map((path) => plain(path).replace(/^.*[\\/]/, "")) : undefined;
    const text = kind === "list" ? listText(files ?? value) : listText(value);
    return text === fallback || text === "" ? [] : [[name, text] as const];
  }));
}

/** Returns the command that trains the same run. */
export function commandOf(values: ReturnType<typeof valuesOf>): string {
  const flags = Object.entries(values).flatMap(([key, value]) => {
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [flag];
    if (value === false) return [`--no-${flag.slice(2)}`];
    return Array.isArray(value) ? value.map((one) => `${flag} ${quoted(one)}`) : [`${flag} ${quoted(String(value))}`];
  });
  return ["deno task train", ...flags].join(" ");
}

/** Quotes a text if a shell would change it. */
function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
