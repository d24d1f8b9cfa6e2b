/// <reference lib="dom" />
/** A button that copies a text to the clipboard, and says for a moment whether that worked. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import type { ComponentChildren } from "preact";

const SAID_MS = 1500;

interface CopyProps {
  readonly id?: string;
  readonly text: string;
  /** Names the text for screen readers. */
  readonly name: string;
  readonly look?: string;
  readonly children?: ComponentChildren;
}

export function Copy({ id, text, name, look = "plain", children }: CopyProps): ComponentChildren {
  const said = useSignal("");
  const copy = async () => {
    // The browser refuses this if the page came over plain HTTP from another machine.
    said.value = await navigator.clipboard.writeText(text).then(
      () => "copied",
      () => "not copied: the browser refused",
    );
    setTimeout(() => said.value = "", SAID_MS);
  };
  return markup`
    <span class="copying"><button id=${id} type="button" class=${look} title=${text} disabled=${
    text === ""
  } onClick=${copy}>
      ${children}<span class="unseen">${` ${name}`}</span></button>
      <span class="copied" role="status">${said.value}</span></span>`;
}
