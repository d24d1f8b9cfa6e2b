/// <reference lib="dom" />
/** Asks whether something that cannot be undone is meant. */
import { byId, setText } from "./dom.ts";

const dialog = byId("ask", HTMLDialogElement);
const yes = byId("ask-yes", HTMLButtonElement);
const no = byId("ask-no", HTMLButtonElement);

/** Whether `question` was answered with the button that says `action`; Escape and the other button mean no. */
export function isMeant(question: string, action: string): Promise<boolean> {
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
  // Not `close`, which comes later than the focus goes back: somebody quick has asked the next question by then.
  dialog.addEventListener("cancel", answer(false), { signal });
  return promise;
}
