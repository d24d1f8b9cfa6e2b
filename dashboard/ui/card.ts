/** A card with a title, its controls, and its content, or a text while it has none; and the smallest components. */
import { html as markup } from "htm/preact";
import type { ComponentChildren } from "preact";

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
