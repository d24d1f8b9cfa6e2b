/** Writes `predict.d.ts` of an exported model. */
import type { Column, ColumnKind } from "../../../formats/columns.ts";
import type { TrainedModel } from "../../../predict/trained_model.ts";
import { textsOf } from "../format.ts";

/**
 * Returns the types of a module whose `loadClassifier` is declared by `loader`; `result` wraps what `predict` returns:
 * "Promise<$>".
 */
export function classifierTypes(
  model: TrainedModel,
  { loader, result }: { readonly loader: string; readonly result: string },
): string {
  const returned = (type: string) => result.replace("$", type);
  const answer = model.config.labels === "many" ? ANSWER.replace(ONE, SEVERAL) : ANSWER;
  return `${rowTypes(model)}${answer}
/** Reports an input that the model does not take, and each fault of it. */
export class InputError extends Error {
  private constructor();
  readonly name: "InputError";
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

export interface Classifier {
  readonly about: About;
${
    model.preprocessing
      ? "  /** Returns the token ids of a row. */\n  readonly encode: (row: Item) => Int32Array;\n"
      : ""
  }  /**
   * Returns an answer for a row, and a list of answers for a list of rows. Throws an InputError for any other input, and if
   * the model does not reach the precision \`reject\`.
   */
  predict(row: Row, options?: Options): ${returned("Answer")};
  predict(rows: readonly Item[], options?: Options): ${returned("Answer[]")};
}

${loader.trim()}
`;
}

const NAMES = "readonly (string | number)[]";

/** Declares a row, and an item of a list of rows. */
function rowTypes(model: TrainedModel): string {
  const { preprocessing } = model;
  const ids = [
    "  /** Token ids. */",
    "  | { readonly ids: ArrayLike<number> }",
    "  | Int32Array",
  ];
  if (!preprocessing) {
    return ["export type Row =", ...ids, "  | { readonly tokens: readonly number[] }", "  | readonly number[];"].join(
      "\n",
    ) +
      "\n\nexport type Item = Row;\n";
  }
  if (preprocessing.columns) return fieldTypes(preprocessing.columns);
  const { kind } = preprocessing.tokenizer;
  const text = textsOf(model) === "none" ? [] : ["  | string", "  | { readonly text: string }"];
  const tokens = [
    "  /** Tokens by name, as over HTTP; a number stands for its digits. */",
    `  | { readonly tokens: ${NAMES} }`,
  ];
  const [list, item] = kind === "codes" ? [[`  | ${NAMES}`], "Row"] : [[], "Row | readonly string[]"];
  return ["export type Row =", ...text, ...tokens, ...list, ...ids].join("\n") +
    `;\n\n/** ${
      kind === "codes" ? "An item of a list of rows." : "In a list, a list of strings is tokens by name."
    } */\n` +
    `export type Item = ${item};\n`;
}

/** Declares a row of several columns. */
function fieldTypes(columns: readonly Column[]): string {
  const fields = columns.map(({ name, kind }) => `  readonly ${JSON.stringify(name)}: ${FIELD_TYPES[kind]};\n`);
  return `export interface Row {\n${fields.join("")}}\n\nexport type Item = Row;\n`;
}

const FIELD_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: "string | null",
  number: "number | string | null",
  category: "string | number | boolean | null",
};

const ONE = `  /** Position in the labels; null if the row is rejected. */
  readonly class: number | null;
  readonly label: string | null;
`;

const SEVERAL = `  /** The labels above their thresholds, the most probable first; may be empty. */
  readonly labels: readonly { readonly label: string; readonly probability: number }[];
`;

const ANSWER = `
export interface Options {
  /** Precision of the answers: a row that needs more confidence gets the label null. 0 answers all. */
  readonly reject?: number;
  /** How many of the most probable labels to list in \`top\`. */
  readonly top?: number;
}

export interface Answer {
${ONE}  /** One a class, in the order of the labels. */
  readonly probabilities: number[];
  /** The most probable labels, the most probable first, if the options want some. */
  readonly top?: readonly { readonly label: string; readonly probability: number }[];
  /** The most probable class of a rejected row. */
  readonly rejected?: {
    readonly class: number;
    readonly label: string;
    readonly probability: number;
    readonly threshold: number;
  };
  /** Fraction of the tokens that the model does not know; absent for ids. */
  readonly unknownShare?: number;
  /** True if the row is longer than the model reads; absent for ids. */
  readonly truncated?: boolean;
}

/** The contents of \`lockstep.json\`. */
export interface About {
  readonly run: string;
  readonly digest: string;
  readonly labels: readonly string[];
  readonly [key: string]: unknown;
}
`;
