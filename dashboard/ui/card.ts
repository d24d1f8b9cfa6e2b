/// <reference lib="dom" />
/** The smallest components: cards, inputs, bars, and buttons that copy and save. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent } from "preact";

interface CardProps {
  readonly id: string;
  readonly title: ComponentChildren;
  /** Shown in place of the content; "" if there is content. */
  readonly empty?: string | undefined;
  readonly look?: string;
  /** Controls beside the title. */
  readonly head?: ComponentChildren;
  /** Keeps the content, invisible, under the text: a plot must not be made again. */
  readonly keeps?: boolean;
  readonly children?: ComponentChildren;
}

/** A card with a title, its controls, and its content, or a text while it has none. */
export function Card(
  { id, title, empty = "", look = "", head, keeps = false, children }: CardProps,
): ComponentChildren {
  const isShown = empty === "" || keeps;
  return markup`
    <section id=${id} class="card ${look}" aria-labelledby="${id}-title" data-empty=${empty}>
      <div class="head"><h2 id="${id}-title">${title}</h2>${isShown && head}</div>
      ${isShown && children}
      ${empty !== "" && markup`<p class="empty">${empty}</p>`}
    </section>`;
}

/** A text that CSS may shorten; its tooltip shows all of it. */
export function Short({ text, look = "" }: { readonly text: string; readonly look?: string }): ComponentChildren {
  return markup`<span class="short ${look}" title=${text}>${text}</span>`;
}

interface ChoiceProps<Value extends string> {
  readonly name: string;
  readonly legend: string;
  readonly value: Value;
  /** Values and their names. */
  readonly options: readonly (readonly [value: Value, name: string])[];
  readonly choose: (value: Value) => void;
}

/** A few radio buttons in a row. */
export function Choice<Value extends string>(
  { name, legend, value, options, choose }: ChoiceProps<Value>,
): ComponentChildren {
  const option = ([option, text]: readonly [Value, string]) =>
    markup`<label key=${option}><input type="radio" name=${name} value=${option} checked=${option === value}
      onChange=${() => choose(option)} /><span>${text}</span></label>`;
  return markup`<fieldset class="choice"><legend>${legend}</legend>${options.map(option)}</fieldset>`;
}

interface SwitchProps {
  readonly id: string;
  readonly text: string;
  readonly isOn: boolean;
  readonly set: (isOn: boolean) => void;
}

/** A checkbox with its text. */
export function Switch({ id, text, isOn, set }: SwitchProps): ComponentChildren {
  return markup`<label class="switch"><input id=${id} type="checkbox" checked=${isOn}
    onChange=${() => set(!isOn)} /><span>${text}</span></label>`;
}

interface BarProps {
  readonly name: string;
  readonly share: number;
  readonly title?: string;
  readonly look?: string;
  readonly children?: ComponentChildren;
}

/** A line of a list: a name, a bar for a share from 0 to 1, and numbers. */
export function Bar({ name, share, title = name, look = "", children }: BarProps): ComponentChildren {
  return markup`<li class=${look}><span class="short name" title=${title}>${name}</span>
    <span class="track" aria-hidden="true"><span class="fill" style="width: ${
    100 * share
  }%"></span></span>${children}</li>`;
}

export interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
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

/** A label, its input, and what the input takes. */
export function Field(
  { id, label, hint = "", kind, options = [], placeholder, text, set, error = "", isWrong = error !== "", more }:
    FieldProps,
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

const SAID_MS = 1500;

interface CopyProps {
  readonly id?: string;
  readonly text: string;
  /** Names the text for screen readers. */
  readonly name: string;
  readonly look?: string;
  readonly children?: ComponentChildren;
}

/** A button that copies a text to the clipboard, and says for a moment whether that worked. */
export function Copy({ id, text, name, look = "plain", children }: CopyProps): ComponentChildren {
  const said = useSignal("");
  const copy = async () => {
    // The browser refuses this if the page came over plain HTTP from another machine.
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject();
    said.value = await copied.then(() => "copied", () => "not copied: the browser refused");
    setTimeout(() => said.value = "", SAID_MS);
  };
  return markup`<span class="copying"><button id=${id} type="button" class=${look} title=${text}
    disabled=${text === ""} onClick=${copy}>${children}<span class="unseen">${` ${name}`}</span></button>
    <span class="copied" role="status">${said.value}</span></span>`;
}

/** A command with a button that copies it. */
export function Command({ text }: { readonly text: string }): ComponentChildren {
  return markup`<p class="command"><code>${text}</code>${h(Copy, { text, name: text }, "Copy")}</p>`;
}

/** A button that saves a text as the file `name`. */
export function Save({ name, text }: { readonly name: string; readonly text: () => string }): ComponentChildren {
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text()], { type: "text/csv" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return markup`<button type="button" class="link" title="Save ${name}" onClick=${save}>CSV</button>`;
}
