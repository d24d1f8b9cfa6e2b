/// <reference lib="dom" />
/** Asks for confirmation of an action that cannot be undone. */
import { signal, useSignalEffect } from "@preact/signals";
import { html as markup } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

const asked = signal<{ text: string; action: string; resolve(isYes: boolean): void } | undefined>(undefined);

/** Resolves to true if the user confirms with the button labelled `action`; Escape and the other button mean no. */
export function isConfirmed(text: string, action: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  asked.value = { text, action, resolve };
  return promise;
}

/** The dialog, once in the page. */
export function Confirm(): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (asked.value) dialog.current?.showModal();
  });
  const answer = (isYes: boolean) => () => {
    const question = asked.peek();
    // Moves the focus back before the action, which may ask again.
    dialog.current?.close();
    asked.value = undefined;
    question?.resolve(isYes);
  };
  const { text = "", action = "Yes" } = asked.value ?? {};
  return markup`
    <dialog ref=${dialog} class="card" aria-labelledby="ask-question" onCancel=${answer(false)}>
      <p id="ask-question">${text}</p>
      <p class="buttons">
        <button id="ask-no" type="button" autofocus onClick=${answer(false)}>No</button>
        <button id="ask-yes" type="button" class="danger" onClick=${answer(true)}>${action}</button>
      </p>
    </dialog>`;
}
