/// <reference lib="dom" />
/** The form for a new run: some values have fields, all others are JSON. The server checks them. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { messageOf, presetNames, Refusal, startRun } from "../api.ts";

/** Fields of the form by the name of their value; problems of any other value are shown at the last one. */
const FIELDS = ["preset", "data", "epochs", "seed", "others"] as const;
type Field = typeof FIELDS[number];

interface NewRunProps {
  /** Called when a run was queued. */
  readonly started: () => void;
}

export function NewRun({ started }: NewRunProps): ComponentChildren {
  const isOpen = useSignal(false);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    isOpen.value = false;
    opener.current?.focus();
  };
  return markup`
    <div class="new">
      <button ref=${opener} id="new-run" type="button" class="plain" aria-expanded=${String(isOpen.value)}
        aria-controls="new-run-form" onClick=${() => isOpen.value = !isOpen.value}>New run</button>
      ${isOpen.value ? h(Form, { started, close }) : null}
    </div>`;
}

function Form({ started, close }: NewRunProps & { readonly close: () => void }): ComponentChildren {
  const form = useRef<HTMLFormElement>(null);
  const presets = useSignal<readonly string[]>([]);
  const wrong = useSignal<ReadonlySet<Field>>(new Set());
  const error = useSignal("");
  const status = useSignal("");
  const input = (field: Field) => form.current?.querySelector<HTMLInputElement>(`#new-${field}`);
  useEffect(() => {
    input("preset")?.focus();
    presetNames().then((names) => presets.value = names, (problem) => error.value = messageOf(problem));
  }, []);
  const fail = (problems: readonly string[], message: string) => {
    error.value = message;
    const at = (problem: string): Field => FIELDS.find((field) => problem.replace(/\[.*/, "") === field) ?? "others";
    wrong.value = new Set(problems.map(at));
    const first = FIELDS.find((field) => wrong.value.has(field));
    if (first) input(first)?.focus();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    status.value = "";
    try {
      const { id, place } = await startRun(valuesOf((field) => input(field)?.value.trim() ?? ""));
      fail([], "");
      status.value = `Run ${id} is queued${place === undefined ? "" : `: place ${place}`}`;
      started();
    } catch (problem) {
      fail(problem instanceof Refusal ? problem.fields : [], messageOf(problem));
    }
  };
  const invalid = (field: Field) => wrong.value.has(field) ? "true" : undefined;
  return markup`
    <form ref=${form} id="new-run-form" class="card new-run" aria-label="New run" onSubmit=${submit}>
      <p><label for="new-preset">Preset</label><select id="new-preset" aria-invalid=${
    invalid("preset")
  }><option value="">none</option>${
    presets.value.map((name) => markup`<option key=${name}>${name}</option>`)
  }</select></p>
      <p><label for="new-data">Data</label><input id="new-data" autocomplete="off" spellcheck=${false}
        aria-describedby="new-data-hint" aria-invalid=${invalid("data")} />
        <span id="new-data-hint" class="hint">Names of files in the server's data directory, separated by commas; generated data if empty</span></p>
      <p><label for="new-epochs">Epochs</label><input id="new-epochs" type="number" min="1" step="1" aria-invalid=${
    invalid("epochs")
  } /></p>
      <p><label for="new-seed">Seed</label><input id="new-seed" type="number" min="0" step="1" aria-invalid=${
    invalid("seed")
  } /></p>
      <p class="wide"><label for="new-others">Other values</label>
        <textarea id="new-others" rows="2" spellcheck=${false} autocomplete="off" aria-describedby="new-others-hint"
          aria-invalid=${invalid("others")}></textarea>
        <span id="new-others-hint" class="hint">${'JSON as in a config file, such as {"hidden": 64, "learningRate": 0.01}; missing values have their defaults'}</span></p>
      <p class="buttons wide"><button type="submit" class="primary">Start</button>
        <button id="new-close" type="button" onClick=${close}>Close</button></p>
      <p id="new-error" class="error wide" role="alert">${error.value}</p>
      <p id="new-status" class="hint wide" role="status">${status.value}</p>
    </form>`;
}

/** Returns the values of the form. Throws a Refusal if the other values are not a JSON object. */
export function valuesOf(valueOf: (field: Field) => string): Record<string, unknown> {
  const data = valueOf("data").split(",").map((name) => name.trim()).filter((name) => name !== "");
  return {
    ...othersOf(valueOf("others")),
    ...valueOf("preset") && { preset: valueOf("preset") },
    ...data.length > 0 && { data },
    ...valueOf("epochs") && { epochs: Number(valueOf("epochs")) },
    ...valueOf("seed") && { seed: Number(valueOf("seed")) },
  };
}

function othersOf(text: string): Record<string, unknown> {
  if (text === "") return {};
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values === "object" && values !== null && !Array.isArray(values)) return { ...values };
  } catch {
    // The error below covers this text, too.
  }
  throw new Refusal('Cannot read the other values: they are not a JSON object. Write them like {"hidden": 64}', [
    "others",
  ]);
}
