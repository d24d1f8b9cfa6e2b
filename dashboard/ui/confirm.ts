/// <reference lib="dom" />
/** Asks questions in a dialog. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, render } from "preact";

/** Opens a dialog with a form of the method `dialog`. Resolves to the value of the button that closes it, "" for Escape. */
export function ask(labelledBy: string, form: ComponentChildren): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const dialog = document.createElement("dialog");
  dialog.className = "card";
  dialog.setAttribute("aria-labelledby", labelledBy);
  render(form, dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue);
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

/** Resolves to true if the user confirms with the button labelled `action`; Escape and the other button mean no. */
export async function isConfirmed(text: string, action: string): Promise<boolean> {
  const form = markup`<form method="dialog"><p id="ask-question">${text}</p><p class="buttons">
    <button id="ask-no" value="" autofocus>No</button>
    <button id="ask-yes" value="yes" class="danger">${action}</button></p></form>`;
  return await ask("ask-question", form) === "yes";
}
