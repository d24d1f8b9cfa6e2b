/** Derives the form for a new run from the schema that the server validates with. */
import { textDefaults } from "../config/text_defaults.ts";
import type { DataStatistics } from "../data/statistics.ts";
import type { Preview } from "../run/library/preview.ts";
import { flagName } from "./flag_name.ts";
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
  readonly label: string;
  readonly hint: string;
  /** A `value` is a number or a word. */
  readonly kind: "choice" | "number" | "list" | "text" | "value";
  /** Values of a choice. */
  readonly options: readonly string[];
  /** The default, as text. */
  readonly fallback: string;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** Fields that most runs need; the others are folded. */
export const BASIC = [
  ...[
    "data",
    "textColumn",
    "labelColumn",
    "name",
    "preset",
    "epochs",
    "learningRate",
    "hidden",
    "seed",
    "tags",
    "tuneMinutes",
  ],
];

/** Names of the fields that most runs need. */
const LABELS: Readonly<Record<string, string>> = {
  data: "Data",
  textColumn: "Text column",
  labelColumn: "Label column",
  name: "Name",
  preset: "Preset",
  epochs: "Epochs",
  learningRate: "Learning rate",
  hidden: "Hidden",
  seed: "Seed",
  tags: "Tags",
  tuneMinutes: "Search, minutes",
};

/** Hints for fields that the schema describes for the command line, or not at all. */
const HINTS: Readonly<Record<string, string>> = {
  preset: "a named set of values",
  data: "files in the server's data directory, separated by commas; generated data if empty",
  name: "to find the run again",
  tags: "separated by commas",
  tuneMinutes: "for a better config; then the best is trained",
};

/** Writes keys in backquotes, as messages of the server have them, by the names of the form. */
export function inFormWords(message: string): string {
  return message.replaceAll(/`(\w+)`/g, (_, key: string) => `“${LABELS[key] ?? key}”`);
}

/** Returns a field per property, the basic ones first. */
export function fieldsOf(properties: Readonly<Record<string, Property>>): Field[] {
  const rank = (name: string) => BASIC.includes(name) ? BASIC.indexOf(name) : BASIC.length;
  return Object.entries(properties).toSorted(([a], [b]) => rank(a) - rank(b)).map(([name, property]) => {
    const { minimum, maximum, description = "", default: fallback } = property;
    const options = optionsOf(property);
    const kind = options.length > 0 ? "choice" : KINDS[property.type ?? ""] ?? "value";
    const shown = fallback === undefined || fallback === "" ? "" : listText(fallback);
    const texts = { label: LABELS[name] ?? name, hint: HINTS[name] ?? inFormWords(description) };
    return { name, ...texts, kind, options, fallback: shown, minimum, maximum };
  });
}

const KINDS: Readonly<Record<string, Field["kind"]>> = {
  integer: "number",
  number: "number",
  array: "list",
  string: "text",
};

function optionsOf({ type, enum: values, anyOf = [] }: Property): string[] {
  if (type === "boolean") return ["true", "false"];
  if (values) return values.map(String);
  return anyOf.length > 0 && anyOf.every((one) => one.enum) ? anyOf.flatMap(optionsOf) : [];
}

/** Returns a value as text; a list with commas. */
export function listText(value: unknown): string {
  return Array.isArray(value) ? value.map(plain).join(", ") : plain(value);
}

/** Returns the values of the fields that have a text. The server checks them. */
export function valuesOf(
  fields: readonly Field[],
  texts: ReadonlyMap<string, string>,
): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(fields.flatMap((field) => {
    const text = texts.get(field.name)?.trim() ?? "";
    // No data change these defaults.
    const isDefault = COLUMNS.some((name) => name === field.name) && text === field.fallback;
    return text === "" || isDefault ? [] : [[field.name, valueOf(field, text)]];
  }));
}

/** Returns the items of a text with commas. */
export function commaList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function valueOf({ kind }: Field, text: string): string | number | boolean | string[] {
  if (kind === "list") return commaList(text);
  if (kind === "choice" && (text === "true" || text === "false")) return text === "true";
  const number = kind === "text" ? NaN : Number(text);
  return Number.isNaN(number) ? text : number;
}

/** Returns the fields with the defaults of a run on files that have statistics `data`, where `config` has nothing else. */
export function fieldsFor(
  properties: Readonly<Record<string, Property>>,
  { tokenizer, labelSeparator }: Readonly<Record<string, unknown>>,
  data: Pick<DataStatistics, "parts" | "vocabulary" | "sources"> | undefined,
): Field[] {
  const fields = fieldsOf(properties);
  if (!data) return fields;
  const { parts: { training }, vocabulary: { vectors }, sources } = data;
  const kind = tokenizer === "chars" || tokenizer === "codes" ? tokenizer : "words";
  // Codes that were found without being named have no letters: their `letterRows` of 0 then counts as given.
  const hasLetters = !vectors && (tokenizer === "words" || tokenizer === "auto");
  const defaults: ReadonlyMap<string, unknown> = new Map(
    Object.entries({
      ...training && textDefaults({ ...training, kind, hasLetters }),
      ...vectors && { embedding: vectors.width },
      ...labelSeparator === "" && sources.every(({ format }) => /^[CT]SV/.test(format)) && { labels: "one" },
    }),
  );
  return fields.map((field) =>
    defaults.has(field.name) ? { ...field, fallback: plain(defaults.get(field.name)) } : field
  );
}

/** Values of a run on files that follow from the data: the server refuses them in a request. */
const DERIVED: ReadonlySet<string> = new Set(["task", "vocabulary", "length", "stepsPerEpoch", "heldOut"]);

/** Returns the texts of a form for a run like the one with this config: its values that are not the fields' defaults. */
export function textsOf(fields: readonly Field[], config: Readonly<Record<string, unknown>>): Map<string, string> {
  const hasFiles = Array.isArray(config["data"]) && config["data"].length > 0;
  return new Map(fields.flatMap(({ name, fallback }) => {
    const value = hasFiles && DERIVED.has(name) ? undefined : config[name];
    if (value === undefined || value === "" || value === null) return [];
    // The server takes names of files in its own folder.
    const isAbsolute = (path: unknown) => /^([\\/]|\w:)/.test(plain(path));
    const names = Array.isArray(value)
      ? value.map((path) => isAbsolute(path) ? plain(path).replace(/^.*[\\/]/, "") : path)
      : value;
    const text = listText(names);
    return text === fallback || text === "" ? [] : [[name, text] as const];
  }));
}

/** The fields that name a column of the data. */
const COLUMNS = ["textColumn", "labelColumn"] as const;

/** Names the columns of a file, and those that are probably text and label. */
export type Columns = Pick<Preview, "columns" | "hasHeader" | typeof COLUMNS[number]>;

/** Returns the texts of a form whose file has these columns. Those that the user chose stay if the file has them. */
export function withColumns(texts: ReadonlyMap<string, string>, file: Columns): Map<string, string> {
  const { columns, hasHeader } = file;
  const guessed = COLUMNS.filter((name) => !columns.includes(texts.get(name) ?? ""))
    .map((name) => [name, file[name] ?? ""] as const);
  return new Map([...texts, ...guessed, ["header", hasHeader || columns.length === 0 ? "" : "no"]]);
}

/** Returns `field` as a choice of the columns of the file, if it names one of them. */
export function asChoice(field: Field, { columns }: Pick<Columns, "columns">): Field {
  const isColumn = columns.length > 0 && COLUMNS.some((name) => name === field.name);
  return isColumn ? { ...field, kind: "choice", options: columns } : field;
}

/** Fields that name files of the server. */
const FILES: ReadonlySet<string> = new Set(["data", "validation", "test", "weights", "tokenizer", "vectors"]);

/** Returns the texts that a field can have with one of `files` at its end; a list keeps what is before it. */
export function withFiles({ name, kind }: Field, text: string, files: readonly string[]): string[] {
  const before = kind === "list" ? text.replace(/[^,]*$/, (last) => last.startsWith(" ") ? " " : "") : "";
  return FILES.has(name) ? files.map((file) => before + file) : [];
}

/** The flags of a search for the keys of a request, which is a command of its own. */
const SEARCH_FLAGS: Readonly<Record<string, string>> = { tuneMinutes: "--minutes", tuneSize: "--size" };

/** Returns the command that trains the same run. */
export function commandOf(values: ReturnType<typeof valuesOf>): string {
  const flags = Object.entries(values).flatMap(([key, value]) => {
    const flag = SEARCH_FLAGS[key] ?? `--${flagName(key)}`;
    if (value === true) return [flag];
    if (value === false) return [`--no-${flag.slice(2)}`];
    return Array.isArray(value) ? value.map((one) => `${flag} ${quoted(one)}`) : [`${flag} ${quoted(String(value))}`];
  });
  return [`deno task ${"tuneMinutes" in values ? "tune" : "train"}`, ...flags].join(" ");
}

/** Quotes a text if a shell would change it. */
function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
