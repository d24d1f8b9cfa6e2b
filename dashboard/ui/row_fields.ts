/** The fields in which the user types a row: one for a text or tokens, or one for each column. */
import type { Signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedKeyboardEvent } from "preact";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import type { Column } from "../../lib/formats/columns.ts";
import type { ModelInfo } from "../../lib/predict/types.ts";
import type { Texts } from "../state/question.ts";
import { Field, type FieldProps } from "./card.ts";

interface RowFieldsProps {
  /** Begins the ids of the fields. */
  readonly id: string;
  readonly model: Pick<ModelInfo, "text" | "columns">;
  readonly texts: Signal<Texts>;
  /** Stands below a single field. */
  readonly hint?: string;
  readonly isWrong?: boolean;
  /** Says what is wrong with columns, by name. */
  readonly errors?: ReadonlyMap<string, string> | undefined;
  /** The frequent values of the model's columns, where they are known. */
  readonly known?: DataStatistics["columns"];
}

/** Enter sends the form around the fields. */
export function RowFields({ id, model, texts, hint = "", isWrong, errors, known }: RowFieldsProps): ComponentChildren {
  const { columns } = model;
  const press = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  };
  const field = (at: number, props: Omit<FieldProps, "text" | "set">) => {
    const set = (text: string) => texts.value = (columns ?? [""]).map((_, i) => i === at ? text : texts.value[i] ?? "");
    return h(Field, { key: at, text: texts.value[at] ?? "", set, ...props });
  };
  const column = ({ name, kind }: Column, at: number) => {
    const common = { id: `${id}-${at}`, label: name, error: errors?.get(name) ?? "" };
    if (kind === "text") {
      return field(at, { ...common, kind: "prose", more: { rows: 1, class: "prose", onKeyDown: press } });
    }
    if (kind === "number") return field(at, { ...common, kind, placeholder: "missing" });
    const options = known?.find((one) => one.name === name)?.values.map(({ value }) => value) ?? [];
    return field(at, { ...common, kind: "text", placeholder: "missing", options });
  };
  const look = model.text
    ? { rows: 3, class: "prose", inputmode: "text", placeholder: "Type or paste a text" }
    : { rows: 1, inputmode: "numeric" };
  const one = () =>
    field(0, {
      ...{ id, label: model.text ? "Text" : "Tokens", hint, kind: "prose" },
      ...isWrong !== undefined && { isWrong },
      more: { ...look, onKeyDown: press },
    });
  return markup`<div class="fields">${columns ? columns.map(column) : one()}</div>`;
}
