/// <reference lib="dom" />
/** The form for a new run, with a field for each value that the server takes. The server checks them. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { messageOf, Refusal, runProperties, startRun } from "../api.ts";
import { BASIC, commandOf, type Field, fieldsOf, textsOf, valuesOf } from "../../lib/report/run_form.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import { Copy } from "../ui/copy.ts";

interface NewRunProps {
  /** The run that is shown, and its config. */
  readonly like: Pick<RunView, "run" | "config">;
  /** Called when a run was queued. */
  readonly started: () => void;
}

export function NewRun({ like, started }: NewRunProps): ComponentChildren {
  /** Identifies the button that opened the form. */
  const open = useSignal<"new" | "like" | undefined>(undefined);
  const openers = useRef<HTMLDivElement>(null);
  const close = () => {
    openers.current?.querySelector<HTMLButtonElement>(`#${open.peek()}-run`)?.focus();
    open.value = undefined;
  };
  const opener = (name: "new" | "like", text: string) =>
    markup`<button id="${name}-run" type="button" class="plain" aria-expanded=${String(open.value === name)}
      aria-controls="new-run-form" onClick=${() =>
      open.value = open.value === name ? undefined : name}>${text}</button>`;
  return markup`
    <div class="new" ref=${openers}>
      <p class="openers">${opener("new", "New run")}${
    like.run === "" ? null : opener("like", "Like this run, but …")
  }</p>
      ${
    open.value === undefined
      ? null
      : h(Form, { key: open.value, config: open.value === "like" ? like.config : {}, started, close })
  }
    </div>`;
}

interface FormProps extends Pick<NewRunProps, "started"> {
  readonly config: Readonly<Record<string, unknown>>;
  readonly close: () => void;
}

function Form({ config, started, close }: FormProps): ComponentChildren {
  const form = useRef<HTMLFormElement>(null);
  const fields = useSignal<readonly Field[]>([]);
  const texts = useSignal<ReadonlyMap<string, string>>(new Map());
  const wrong = useSignal<ReadonlySet<string>>(new Set());
  const error = useSignal("");
  const status = useSignal("");
  const focus = (name: string | undefined) => form.current?.querySelector<HTMLElement>(`#new-${name}`)?.focus();
  useEffect(() => {
    runProperties().then((properties) => {
      fields.value = fieldsOf(properties);
      texts.value = textsOf(fields.value, config);
    }, (problem) => error.value = messageOf(problem));
  }, []);
  useEffect(() => focus("preset"), [fields.value]);
  // A field with a problem must not stay folded. This runs after the fields are drawn.
  useEffect(() => focus(fields.value.find(({ name }) => wrong.value.has(name))?.name), [wrong.value]);
  const fail = (problems: readonly string[], message: string) => {
    error.value = message;
    wrong.value = new Set(problems.map((field) => field.replace(/\[.*/, "")));
  };
  const values = valuesOf(fields.value, texts.value);
  const submit = async (event: Event) => {
    event.preventDefault();
    status.value = "";
    try {
      const { id, place } = await startRun(values);
      fail([], "");
      status.value = `Run ${id} is queued${place === undefined ? "" : `: place ${place}`}`;
      started();
    } catch (problem) {
      fail(problem instanceof Refusal ? problem.fields : [], messageOf(problem));
    }
  };
  const change = (name: string) => (event: TargetedEvent<HTMLInputElement | HTMLSelectElement>) =>
    texts.value = new Map([...texts.value, [name, event.currentTarget.value]]);
  const row = (field: Field) =>
    h(FieldRow, {
      key: field.name,
      field,
      text: texts.value.get(field.name) ?? "",
      isWrong: wrong.value.has(field.name),
      change: change(field.name),
    });
  const isBasic = ({ name }: Field) => BASIC.includes(name);
  const others = fields.value.filter((field) => !isBasic(field));
  const isUnfolded = others.some(({ name }) => wrong.value.has(name));
  const command = commandOf(values);
  return markup`
    <form ref=${form} id="new-run-form" class="card new-run" aria-label="New run" novalidate onSubmit=${submit}>
      ${fields.value.filter(isBasic).map(row)}
      ${
    others.length === 0 ? null : markup`<details class="wide" open=${isUnfolded || undefined}>
        <summary>All other options</summary><div class="new-run">${others.map(row)}</div></details>`
  }
      <p class="command wide"><code>${command}</code>${h(Copy, { text: command, name: "the command" }, "Copy")}</p>
      <p class="buttons wide"><button type="submit" class="primary">Start</button>
        <button id="new-close" type="button" onClick=${close}>Close</button></p>
      <p id="new-error" class="error wide" role="alert">${error.value}</p>
      <p id="new-status" class="hint wide" role="status">${status.value}</p>
    </form>`;
}

interface RowProps {
  readonly field: Field;
  readonly text: string;
  readonly isWrong: boolean;
  readonly change: (event: TargetedEvent<HTMLInputElement | HTMLSelectElement>) => void;
}

export function FieldRow({ field, text, isWrong, change }: RowProps): ComponentChildren {
  const { name, kind, options, fallback, description, minimum, maximum } = field;
  const id = `new-${name}`;
  const common = { id, "aria-describedby": `${id}-hint`, "aria-invalid": isWrong ? "true" : undefined };
  const input = kind === "choice"
    ? markup`<select ...${common} value=${text} onChange=${change}><option value="">${
      fallback === "" ? "none" : `default: ${fallback}`
    }</option>${options.map((option) => markup`<option key=${option} value=${option}>${option}</option>`)}</select>`
    : markup`<input ...${common} type=${kind === "number" ? "number" : "text"} min=${minimum} max=${maximum} step="any"
        autocomplete="off" spellcheck=${false} placeholder=${fallback} value=${text} onInput=${change} />`;
  return markup`<p><label for=${id}>${LABELS[name] ?? name}</label>${input}
    <span id="${id}-hint" class="hint">${HINTS[name] ?? description}</span></p>`;
}

const LABELS: Readonly<Record<string, string>> = {
  preset: "Preset",
  data: "Data",
  textColumn: "Text column",
  labelColumn: "Label column",
  epochs: "Epochs",
  learningRate: "Learning rate",
  hidden: "Hidden",
  seed: "Seed",
};

/** Descriptions that the schema does not have. */
const HINTS: Readonly<Record<string, string>> = {
  preset: "a named set of values",
  data: "files in the server's data directory, separated by commas; generated data if empty",
};
