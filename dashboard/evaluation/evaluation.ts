/** The view of errors and data: how good the served model is, what it confuses, its classes and its files. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import type { Evaluation as Evaluated } from "../../lib/model/evaluation.ts";
import { type ClassRow, classRows } from "../../lib/report/evaluation/class_rows.ts";
import { dataFacts, dataWarnings, partsTable } from "../../lib/report/evaluation/data_text.ts";
import { missingEvaluation } from "../../lib/report/evaluation/evaluation_text.ts";
import { count, percent } from "../../lib/report/format.ts";
import type { Order } from "../../lib/report/order.ts";
import type { Store } from "../store.ts";
import { Card, Short } from "../ui/card.ts";
import { type Column, Numbers, Table } from "../ui/table.ts";
import { ConfusionCards } from "./confusion.ts";
import { WrongLabels } from "./wrong_labels.ts";
import { OutcomeCard, type Role, TrustCard } from "./outcome.ts";

export function Evaluation({ store }: { readonly store: Store }): ComponentChildren {
  const wanted = useSignal<Role>("test");
  const { value: evaluations, error } = store.evaluations.value;
  const role = evaluations?.[wanted.value] ? wanted.value : "validation";
  const [evaluation, view, data] = [evaluations?.[role], store.view.value, store.data.value];
  const { summary, started } = view;
  const choose = evaluations?.test && ((role: Role) => void (wanted.value = role));
  const missing = missingEvaluation(view);
  const outcome = evaluation && summary && h(OutcomeCard, { evaluation, role, summary, choose });
  return markup`
    <div class="view evaluation" data-wide=${String((evaluation?.classes.length ?? 0) > 8)}>
      ${outcome ?? h(Card, { id: "outcome", title: "Served model", empty: error ?? missing })}
      ${evaluation && h(ConfusionCards, { evaluation, key: role })}
      ${(evaluation || data.value) && h(ClassesCard, { evaluation, role, data: data.value, key: String(!evaluation) })}
      ${evaluation && h(TrustCard, { evaluation })}
      ${started?.data && h(WrongLabels, { store, key: view.run })}
      ${h(DataCard, { data: data.value, missing: data.error ?? (started?.data ? "Loading" : missing) })}
    </div>`;
}

/** Most classes that are listed: those of the lowest F1. */
const MOST = 500;

interface ClassesProps {
  readonly evaluation?: Evaluated | undefined;
  readonly role: Role;
  readonly data?: DataStatistics | undefined;
}

/** The classes with their rows, precision, recall and F1, sorted by any of them. */
export function ClassesCard({ evaluation, role, data }: ClassesProps): ComponentChildren {
  const order = useSignal<Order | undefined>({ by: evaluation ? "F1" : "training rows", isDescending: false });
  const all = classRows(evaluation?.classes, data?.classes, role);
  const share = (value: number | undefined) => percent(value, 1);
  const number = (name: string, key: Exclude<keyof ClassRow, "label">, text: typeof share): Column<ClassRow> => (
    { name, value: (row) => row[key], cell: (row) => text(row[key]) }
  );
  const shares = [["F1", "f1"], ["precision", "precision"], ["recall", "recall"]] as const;
  const columns: Column<ClassRow>[] = [
    { name: "class", value: ({ label }) => label, cell: ({ label }) => h(Short, { text: label }) },
    ...evaluation ? shares.map(([name, key]) => number(name, key, share)) : [],
    number("rows", "support", count),
    number("training rows", "training", count),
  ];
  const title = `Classes: ${all.length > MOST ? `${MOST} of ` : ""}${count(all.length)}`;
  const [rows, keyOf] = [all.slice(0, MOST), ({ label }: ClassRow) => label];
  const table = h(Table<ClassRow>, { labelledBy: "classes-title", look: "tall", columns, rows, keyOf, order });
  return h(Card, { id: "classes", title }, table);
}

/** Statistics of the files that the run was trained on: rows, vocabulary, warnings. */
export function DataCard(
  { data, missing }: { readonly data: DataStatistics | undefined; readonly missing: string },
): ComponentChildren {
  const card = { id: "data", title: "Data" };
  if (!data) return h(Card, { ...card, empty: missing });
  const facts = dataFacts(data).map(([name, ...values]) =>
    markup`<div key=${name}><dt>${name}</dt>${values.map((value) => markup`<dd>${value}</dd>`)}</div>`
  );
  const warnings = dataWarnings(data).map((text) => markup`<li key=${text}>${text}</li>`);
  const content = markup`${h(Numbers, { labelledBy: "data-title", ...partsTable(data) })}
    <dl class="datafacts">${facts}</dl><ul id="data-warnings" class="warnings">${warnings}</ul>`;
  return h(Card, card, content);
}
