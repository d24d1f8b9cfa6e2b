/// <reference lib="dom" />
/** Shows the form for a new run: some values have fields, all others are JSON. The server checks them. */
import { messageOf, presetNames, Refusal, startRun } from "../api.ts";
import { byId, create, setText } from "../page/dom.ts";

/** Fields of the form by the name of their value; problems of any other value are shown at the last one. */
const FIELDS = ["preset", "data", "epochs", "seed", "others"] as const;
type Field = typeof FIELDS[number];

export class NewRun {
  readonly #open = byId("new-run", HTMLButtonElement);
  readonly #form = byId("new-run-form", HTMLFormElement);
  readonly #preset = byId("new-preset", HTMLSelectElement);
  readonly #status = byId("new-status", HTMLElement);
  readonly #error = byId("new-error", HTMLElement);
  readonly #started: () => void;

  /** Calls `started` when a run was queued. */
  constructor(started: () => void) {
    this.#started = started;
    this.#open.addEventListener("click", () => this.#show(this.#form.hidden === true));
    byId("new-close", HTMLButtonElement).addEventListener("click", () => {
      this.#show(false);
      this.#open.focus();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** Shows the button if the server accepts new runs. */
  draw(trains: boolean): void {
    this.#open.hidden = !trains;
    if (!trains) this.#show(false);
  }

  #show(isShown: boolean): void {
    if (this.#form.hidden !== isShown) return;
    this.#form.hidden = !isShown;
    this.#open.ariaExpanded = String(isShown);
    if (!isShown) return;
    if (this.#preset.options.length === 1) void this.#loadPresets();
    this.#preset.focus();
  }

  async #loadPresets(): Promise<void> {
    try {
      this.#preset.append(...(await presetNames()).map((name) => create("option", "", name)));
    } catch (error) {
      setText(this.#error, messageOf(error));
    }
  }

  #input(field: Field): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
    if (field === "preset") return this.#preset;
    return field === "others" ? byId("new-others", HTMLTextAreaElement) : byId(`new-${field}`, HTMLInputElement);
  }

  async #submit(): Promise<void> {
    setText(this.#status, "");
    try {
      const { id, place } = await startRun(this.#values());
      this.#fail([], "");
      setText(this.#status, `Run ${id} is queued${place === undefined ? "" : `: place ${place}`}`);
      this.#started();
    } catch (error) {
      this.#fail(error instanceof Refusal ? error.fields : [], messageOf(error));
    }
  }

  /** Returns the values of the form. Throws a Refusal if the other values are not a JSON object. */
  #values(): Record<string, unknown> {
    const { preset, data, epochs, seed, others } = Object.fromEntries(
      FIELDS.map((field) => [field, this.#input(field).value.trim()]),
    ) as Record<Field, string>;
    return {
      ...othersOf(others),
      ...preset && { preset },
      ...data && { data: data.split(",").map((name) => name.trim()).filter((name) => name !== "") },
      ...epochs && { epochs: Number(epochs) },
      ...seed && { seed: Number(seed) },
    };
  }

  #fail(problems: readonly string[], message: string): void {
    setText(this.#error, message);
    const at = (problem: string): Field => FIELDS.find((field) => problem.replace(/\[.*/, "") === field) ?? "others";
    const wrong = new Set(problems.map(at));
    for (const field of FIELDS) {
      if (wrong.has(field)) this.#input(field).setAttribute("aria-invalid", "true");
      else this.#input(field).removeAttribute("aria-invalid");
    }
    const [first] = FIELDS.filter((field) => wrong.has(field));
    if (first) this.#input(first).focus();
  }
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
