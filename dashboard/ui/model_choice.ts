/** The choice of the model, of a server that has several: the page shows its run, and asks it. */
import { html as markup } from "htm/preact";
import type { ComponentChildren, TargetedEvent } from "preact";
import type { Store } from "../store.ts";

export function ModelChoice({ store }: { readonly store: Store }): ComponentChildren {
  const models = store.models.value.value?.models ?? [];
  if (models.length < 2) return null;
  const { run } = store.view.value;
  const runs = [...new Set(models.map((model) => model.run))];
  const namesOf = (one: string) => models.filter((model) => model.run === one).map(({ name }) => name).join(", ");
  const choose = ({ currentTarget: { value } }: TargetedEvent<HTMLSelectElement>) =>
    store.go({ ...store.address.value, run: value === runs[0] ? undefined : value });
  const options = runs.map((one) => markup`<option key=${one} value=${one}>${namesOf(one)}</option>`);
  const isServed = runs.includes(run);
  return markup`<label class="filter"><span>Model</span>${" "}<select id="model" value=${isServed ? run : ""}
    onChange=${choose}>${
    !isServed && markup`<option value="" disabled>another run</option>`
  }${options}</select></label>`;
}
