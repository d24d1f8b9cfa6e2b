/// <reference lib="dom" />
/** Takes texts out of the page: to the clipboard, and to files. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";

const SAID_MS = 1500;

interface CopyProps {
  readonly id?: string;
  readonly text: string;
  /** Names the text for screen readers. */
  readonly name: string;
  readonly look?: string;
  readonly children?: ComponentChildren;
}

/** A button that copies a text to the clipboard, and says for a moment whether that worked. */
export function Copy({ id, text, name, look = "plain", children }: CopyProps): ComponentChildren {
  const said = useSignal("");
  const copy = async () => {
    // The browser refuses this if the page came over plain HTTP from another machine.
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject();
    said.value = await copied.then(() => "copied", () => "not copied: the browser refused");
    setTimeout(() => said.value = "", SAID_MS);
  };
  return markup`<span class="copying"><button id=${id} type="button" class=${look} title=${text}
    disabled=${text === ""} onClick=${copy}>${children}<span class="unseen">${` ${name}`}</span></button>
    <span class="copied" role="status">${said.value}</span></span>`;
}

/** A command with a button that copies it. */
export function Command({ text }: { readonly text: string }): ComponentChildren {
  return markup`<p class="command"><code>${text}</code>${h(Copy, { text, name: text }, "Copy")}</p>`;
}

interface SaveProps {
  /** Name of the file. */
  readonly name: string;
  readonly text: () => string;
}

/** A button that saves a text as a file. */
export function Save({ name, text }: SaveProps): ComponentChildren {
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text()], { type: "text/csv" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return markup`<button type="button" class="link" title="Save ${name}" onClick=${save}>CSV</button>`;
}
