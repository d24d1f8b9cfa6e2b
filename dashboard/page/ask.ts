/// <reference lib="dom" />
/** Asks for confirmation of an action that cannot be undone. */
import { byId, setText } from "./dom.ts";

const dialog = byId("ask", HTMLDialogElement);
const yes = byId("ask-yes", HTMLButtonElement);
const no = byId("ask-no", HTMLButtonElement);

/** Resolves to true if the user confirms with the button labelled `action`; Escape and the other button mean no. */
export function isConfirmed(question: string, action: string): Promise<boolean> {
  setText(byId("ask-question", HTMLElement), question);
  setText(yes, action);
  dialog.showModal();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const answered = new AbortController();
  const answer = (isYes: boolean) => () => {
    answered.abort();
    dialog.close();
    resolve(isYes);
  };
  const { signal } = answered;
  yes.addEventListener("click", answer(true), { signal });
  no.addEventListener("click", answer(false), { signal });
  // `close` would be too late: it fires after the focus has moved back, when the next question may already be open.
  dialog.addEventListener("cancel", answer(false), { signal });
  return promise;
}
