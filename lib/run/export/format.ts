/** Describes formats of exports, and the files that several of them have. */
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
  /** Says how it reads texts for a tokenizer of Hugging Face, if not by itself. */
  readonly huggingFace?: string;
}

/** Describes formats in JavaScript, where only this program cuts as a tokenizer of Hugging Face does. */
export const NO_HUGGING_FACE =
  "The model has a Hugging Face tokenizer, whose library is not part of this export: the " +
  "exported model accepts tokens by name, as that tokenizer cuts them, or token ids, but no texts";

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
export function exampleInput({ config, preprocessing }: TrainedModel): string {
  const known = JSON.stringify((preprocessing?.vocabulary ?? []).slice(0, 3));
  switch (preprocessing?.tokenizer.kind) {
    case undefined:
      return JSON.stringify(Array.from({ length: config.length }, (_, index) => (7 * index + 1) % config.vocabulary));
    case "codes":
      return known;
    case "huggingface":
      return `{"tokens": ${known}}`;
    default:
      return '"where is my parcel?"';
  }
}

/** Returns the table of a README that says how `model` reads inputs. `cutsTexts`: it takes texts, if it is one of text. */
export function inputTable({ preprocessing }: TrainedModel, cutsTexts = true): string {
  const kind = preprocessing?.tokenizer.kind;
  const takesTexts = cutsTexts && kind !== undefined;
  const rows = [
    takesTexts && ['`"a text"`, `{"text": "a text"}`', "one"],
    kind && ['`{"tokens": ["login", 7]}`', "one: tokens by name, as over HTTP; a number stands for its digits"],
    kind ? ['`{"ids": [21, 6]}`', "one: token ids"] : ['`[21, 6]`, `{"ids": [21, 6]}`, `{"tokens": [21, 6]}`', "one"],
    kind === "codes" && ['`["login", 7]`', "one: tokens by name"],
    takesTexts && kind !== "codes" && ['`["a text", "another"]`', "a list: one for each text"],
    ["any other list of these", `a list: one for each item${kind ? '; in it, `["login"]` has tokens by name' : ""}`],
  ];
  const lines = rows.filter((row) => Array.isArray(row)).map(([input, answer]) => `| ${input} | ${answer} |`);
  return `| input of \`predict\` | answer |\n| --- | --- |\n${lines.join("\n")}\n\nAny other input throws.\n`;
}
