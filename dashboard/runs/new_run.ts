/// <reference lib="dom" />
/** The form for a new run, with a field for each value that the server takes. The server checks them. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import {
  asChoice,
  BASIC,
  commaList,
  commandOf,
  type Field as Value,
  fieldsFor,
  inFormWords,
  textsOf,
  valuesOf,
  withColumns,
  withFiles,
} from "../../lib/report/run_form.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import type { DataFiles, FilePreview } from "../../lib/run/library/data_files.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { messageOf, type Properties, Refusal, request, runProperties } from "../api.ts";
import { Command, Field } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";

interface NewRunProps {
  /** The run that is shown, and its config. */
  readonly like: Pick<RunView, "run" | "config">;
  /** Statistics of its files, on which the defaults depend. */
  readonly data: DataStatistics | undefined;
  /** Called when a run was queued. */
  readonly started: () => void;
}

export function NewRun({ like, data, started }: NewRunProps): ComponentChildren {
  const open = useSignal<"new" | "like" | undefined>(undefined);
  const opener = (name: "new" | "like", text: string) =>
    markup`<button id="${name}-run" type="button" class="plain" aria-expanded=${String(open.value === name)}
      onClick=${() => open.value = open.value === name ? undefined : name}>${text}</button>`;
  const known = open.value === "like" ? { config: like.config, data } : { config: {}, data: undefined };
  return markup`<div class="new">
    <p class="openers">${opener("new", "New run")}${like.run !== "" && opener("like", "Like this run, but …")}</p>
    ${open.value && h(Form, { key: open.value, ...known, started })}</div>`;
}

function Form(
  { config, data, started }: Pick<NewRunProps, "data" | "started"> & Pick<RunView, "config">,
): ComponentChildren {
  const form = useRef<HTMLFormElement>(null);
  const properties = useSignal<Properties>({});
  const files = useSignal<DataFiles["files"]>([]);
  const texts = useSignal<ReadonlyMap<string, string>>(new Map());
  const preview = useSignal<FilePreview | undefined>(undefined);
  const wrong = useSignal<ReadonlySet<string>>(new Set());
  const error = useSignal("");
  const status = useSignal("");
  const focus = (name: string | undefined) => form.current?.querySelector<HTMLElement>(`#new-${name}`)?.focus();
  const fail = (problem: unknown) => {
    const faults = problem instanceof Refusal ? problem.faults : [];
    wrong.value = new Set(faults.map(({ field }) => field.replace(/\[.*/, "")));
    error.value = inFormWords(messageOf(problem));
  };
  useEffect(() => {
    runProperties().then((found) => properties.value = found, fail);
    request<DataFiles>("files").then((answer) => files.value = answer.files, fail);
  }, []);
  const fields = useMemo(() => fieldsFor(properties.value, config, data), [properties.value, data]);
  useEffect(() => {
    texts.value = textsOf(fields, config);
    focus(fields[0]?.name);
  }, [fields]);
  // A field with a problem must not stay folded. This runs after the fields are drawn.
  useEffect(() => focus(fields.find(({ name }) => wrong.value.has(name))?.name), [wrong.value]);
  const [first = ""] = commaList(texts.value.get("data") ?? "");
  useEffect(() => {
    preview.value = undefined;
    if (!files.value.some(({ name }) => name === first)) return;
    request<FilePreview>(`files/preview?name=${encodeURIComponent(first)}`).then((answer) => {
      preview.value = answer;
      texts.value = withColumns(texts.peek(), answer);
    }, fail);
  }, [first, files.value, fields]);
  const values = valuesOf(fields, texts.value);
  const submit = async (event: Event) => {
    event.preventDefault();
    status.value = "";
    await request<RunDetail>("runs", "POST", values).then(({ id, place }) => {
      [error.value, wrong.value] = ["", new Set()];
      status.value = `Run ${id} is queued${place === undefined ? "" : `: place ${place}`}`;
      started();
    }, fail);
  };
  const names = files.value.map(({ name }) => name);
  const row = (one: Value) => {
    const field = asChoice(one, preview.value ?? { columns: [] });
    const { name, label, hint, kind, fallback, minimum, maximum } = field;
    const text = texts.value.get(name) ?? "";
    return h(Field, {
      ...{ key: name, id: `new-${name}`, label, hint, text },
      kind: kind === "choice" || kind === "number" ? kind : "text",
      options: kind === "choice" ? field.options : withFiles(field, text, names),
      placeholder: kind !== "choice" ? fallback : fallback === "" ? "none" : `default: ${fallback}`,
      isWrong: wrong.value.has(name),
      set: (text: string) => texts.value = new Map([...texts.peek(), [name, text]]),
      more: { min: minimum, max: maximum },
    });
  };
  const isBasic = ({ name }: Value) => BASIC.includes(name);
  const others = fields.filter((field) => !isBasic(field));
  const isUnfolded = others.some(({ name }) => wrong.value.has(name));
  const { columns, rows } = preview.value ?? { columns: [], rows: [] };
  const beginning = () =>
    markup`<h3 id="new-rows">First rows</h3>
      ${h(Numbers, { labelledBy: "new-rows", columns, rows: rows.slice(0, 3) })}`;
  return markup`
    <form ref=${form} id="new-run-form" class="card new-run" aria-label="New run" novalidate onSubmit=${submit}>
      ${fields.filter(isBasic).map(row)}
      <div class="wide" id="new-preview">${rows.length > 0 && beginning()}</div>
      ${
    others.length > 0 && markup`<details class="wide" open=${isUnfolded || undefined}>
        <summary>All other options</summary><div class="new-run">${others.map(row)}</div></details>`
  }
      <div class="wide">${h(Command, { text: commandOf(values) })}</div>
      <p class="buttons wide"><button type="submit" class="primary">Start</button></p>
      <p id="new-error" class="error wide" role="alert">${error.value}</p>
      <p id="new-status" class="hint wide" role="status">${status.value}</p>
    </form>`;
}
