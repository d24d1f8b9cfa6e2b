/** A card with a title, its controls, and its content, or a text while it has none. */
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
  return markup`
    <section id=${id} class="card ${look}" aria-labelledby="${id}-title" data-empty=${empty}>
      <div class="head"><h2 id="${id}-title">${title}</h2>${empty === "" || keeps ? head : null}</div>
      ${empty === "" || keeps ? children : null}
      ${empty === "" ? null : markup`<p class="empty">${empty}</p>`}
    </section>`;
}

interface NumbersProps {
  readonly labelledBy: string;
  /** Names of the columns; all but the first are of numbers. */
  readonly columns: readonly ComponentChildren[];
  readonly rows: readonly (readonly ComponentChildren[])[];
  readonly look?: string;
}

/** A table that scrolls: a name in each row, then numbers. */
export function Numbers({ labelledBy, columns, rows, look = "" }: NumbersProps): ComponentChildren {
  const [first, ...others] = columns;
  return markup`
    <div class="scroll ${look}" tabindex="0" role="group" aria-labelledby=${labelledBy}>
      <table>
        <thead><tr>
          ${first === "" ? markup`<td></td>` : markup`<th scope="col">${first}</th>`}
          ${others.map((name) => name === "" ? markup`<td></td>` : markup`<th scope="col" class="number">${name}</th>`)}
        </tr></thead>
        <tbody>${
    rows.map(([name, ...cells], index) =>
      markup`<tr key=${index}><th scope="row">${name}</th>${
        cells.map((cell) => markup`<td class="number">${cell}</td>`)
      }</tr>`
    )
  }</tbody>
      </table>
    </div>`;
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
  return markup`
    <fieldset class="choice"><legend>${legend}</legend>${
    options.map(([option, text]) =>
      markup`<label key=${option}><input type="radio" name=${name} value=${option} checked=${option === value}
        onChange=${() => choose(option)} /><span>${text}</span></label>`
    )
  }</fieldset>`;
}
