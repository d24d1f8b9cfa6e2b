/** A label, its input, and what the input takes. */
import { html as markup } from "htm/preact";
import type { ComponentChildren, TargetedEvent } from "preact";

export interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  /** A `prose` is a text of several lines. */
  readonly kind: "choice" | "number" | "prose" | "text";
  /** The values of a choice, or some that another field offers. */
  readonly options?: readonly string[];
  /** Stands in an empty field; in a choice, it is the value of none. */
  readonly placeholder?: string | undefined;
  readonly text: string;
  readonly set: (text: string) => void;
  /** Says what is wrong with the text; "" if nothing is. */
  readonly error?: string;
  readonly isWrong?: boolean;
  /** Other attributes of the input. */
  readonly more?: object;
}

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export function Field(
  { id, label, hint, kind, options = [], placeholder, text, set, error = "", isWrong = error !== "", more }: FieldProps,
): ComponentChildren {
  const common = {
    id,
    "aria-describedby": `${id}-hint`,
    "aria-invalid": isWrong ? "true" : undefined,
    autocomplete: "off",
    spellcheck: false,
    value: text,
    onInput: ({ currentTarget: { value } }: TargetedEvent<Input>) => set(value),
    ...more,
  };
  const listed = options.map((value) => markup`<option key=${value} value=${value}>${value}</option>`);
  const [list, offered] = listed.length > 0
    ? [`${id}-list`, markup`<datalist id="${id}-list">${listed}</datalist>`]
    : [];
  const type = kind === "number" ? { type: "number", step: "any" } : { type: "text" };
  const input = kind === "choice"
    ? markup`<select ...${common}><option value="">${placeholder}</option>${listed}</select>`
    : kind === "prose"
    ? markup`<textarea placeholder=${placeholder} ...${common}></textarea>`
    : markup`<input ...${type} list=${list} placeholder=${placeholder} ...${common} />${offered}`;
  return markup`<p class="field"><label for=${id}>${label}</label>${input}
    <span id="${id}-hint" class="hint">${
    error !== "" && markup`<span class="error">${error}</span> `
  }${hint}</span></p>`;
}
