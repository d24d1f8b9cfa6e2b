/** Describes formats of exports, and the files that several of them have. */
import { formOf } from "../../formats/columns.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";

export type Files = ReadonlyMap<string, Uint8Array | string>;

export interface ExportFormat {
  /** Describes its files in the help. */
  readonly description: string;
  /** The files of a run's `model/` that only this format has. */
  readonly copied: readonly string[];
  /** True if the files that it makes are all that it needs. */
  readonly standsAlone?: boolean;
  /** Makes the others. */
  readonly make: (model: TrainedModel) => Files | Promise<Files>;
  /** Says what else a user should know about the export of a model. */
  readonly note?: (model: TrainedModel) => string | undefined;
}

/**
 * Returns how an export of `model` cuts texts: by its own code, by that of Hugging Face's tokenizers, or not at all. Runs of
 * the first rules were trained with another library of tokenizers, which cuts some texts differently.
 */
export function textsOf({ preprocessing }: TrainedModel): "plain" | "hugging face" | "none" {
  if (!preprocessing) return "none";
  if (preprocessing.tokenizer.kind !== "huggingface") return "plain";
  return preprocessing.rules === 2 ? "hugging face" : "none";
}

/** Says that the export of a model of texts takes none, or how Python cuts them. */
export function tokenizerNote(model: TrainedModel, script?: string): string | undefined {
  if (model.preprocessing && textsOf(model) === "none") {
    return "The library that cut the texts of this old run is not part of an export: the exported model accepts tokens by " +
      "name, as its Hugging Face tokenizer cuts them, or token ids, but no texts";
  }
  if (!script || textsOf(model) !== "hugging face") return undefined;
  return `For texts ${script} needs the Python package tokenizers`;
}

/**
 * Returns the `package.json` of a folder whose module is `predict.js`, which needs one of the packages `peerDependencies`.
 */
export function packageJson({ run }: TrainedModel, peerDependencies: Readonly<Record<string, string>>): string {
  const names = Object.keys(peerDependencies);
  const optional = Object.fromEntries(names.map((name) => [name, { optional: true }]));
  const content = {
    name: `lockstep-${run.toLowerCase()}`,
    version: "1.0.0",
    private: true,
    type: "module",
    exports: { ".": { types: "./predict.d.ts", default: "./predict.js" }, "./*": "./*" },
    types: "./predict.d.ts",
    peerDependencies,
    ...names.length > 1 && { peerDependenciesMeta: optional },
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** Returns an input of `model` as source text, for its README: valid in JavaScript and in Python. */
export function exampleInput(model: TrainedModel): string {
  const { config, preprocessing } = model;
  if (preprocessing?.columns) return formOf(preprocessing.columns);
  const known = JSON.stringify((preprocessing?.vocabulary ?? []).slice(0, 3));
  switch (preprocessing?.tokenizer.kind) {
    case undefined:
      return JSON.stringify(Array.from({ length: config.length }, (_, index) => (7 * index + 1) % config.vocabulary));
    case "codes":
      return known;
    default:
      return textsOf(model) === "none" ? `{"tokens": ${known}}` : '"where is my parcel?"';
  }
}

/** Returns the table of a README that says how `model` reads inputs. */
export function inputTable(model: TrainedModel): string {
  if (model.preprocessing?.columns) {
    const row = exampleInput(model);
    return tableOf([[`\`${row}\``, "one; a missing value is \`null\`, in Python \`None\`"], [
      `\`[${row}]\``,
      "a list: one for each item",
    ]]);
  }
  const kind = model.preprocessing?.tokenizer.kind;
  const takesTexts = textsOf(model) !== "none";
  const rows = [
    takesTexts && ['`"a text"`, `{"text": "a text"}`', "one"],
    kind && ['`{"tokens": ["login", 7]}`', "one: tokens by name, as over HTTP; a number stands for its digits"],
    kind ? ['`{"ids": [21, 6]}`', "one: token ids"] : ['`[21, 6]`, `{"ids": [21, 6]}`, `{"tokens": [21, 6]}`', "one"],
    kind === "codes" && ['`["login", 7]`', "one: tokens by name"],
    takesTexts && kind !== "codes" && ['`["a text", "another"]`', "a list: one for each text"],
    ["any other list of these", `a list: one for each item${kind ? '; in it, `["login"]` has tokens by name' : ""}`],
  ];
  return tableOf(rows.filter((row) => Array.isArray(row)));
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const lines = rows.map(([input, answer]) => `| ${input} | ${answer} |`);
  return `| input of \`predict\` | answer |\n| --- | --- |\n${lines.join("\n")}\n\nAny other input throws.\n`;
}
