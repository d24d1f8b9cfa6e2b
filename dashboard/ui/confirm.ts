/// <reference lib="dom" />
/** Asks for confirmation of an action that cannot be undone. */
import { html as markup } from "htm/preact";
import { render } from "preact";

/** Resolves to true if the user confirms with the button labelled `action`; Escape and the other button mean no. */
export function isConfirmed(text: string, action: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const dialog = document.createElement("dialog");
  dialog.className = "card";
  dialog.setAttribute("aria-labelledby", "ask-question");
  render(
    markup`<form method="dialog"><p id="ask-question">${text}</p><p class="buttons">
      <button id="ask-no" value="" autofocus>No</button>
      <button id="ask-yes" value="yes" class="danger">${action}</button></p></form>`,
    dialog,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}
