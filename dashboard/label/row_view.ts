/** Shows a row that waits for its label: its text, its tokens, or the fields of its columns. */
import { html as markup } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { Column } from "../../lib/formats/columns.ts";
import { type Fields, textOf } from "../state/question.ts";

interface RowProps {
  readonly row: Fields;
  readonly columns?: readonly Column[] | undefined;
}

export function RowView({ row, columns }: RowProps): ComponentChildren {
  const field = ({ name }: Column) =>
    markup`<div key=${name}><dt>${name}</dt><dd class="text">${
      row[name] === null ? "missing" : String(row[name])
    }</dd></div>`;
  const content = columns ? markup`<dl>${columns.map(field)}</dl>` : markup`<p class="text">${textOf(row)}</p>`;
  return markup`<div id="row" class="row" tabindex="0" role="group" aria-label="The row to label">${content}</div>`;
}
