/// <reference lib="dom" />
/** Copies texts to the clipboard, and says for a moment whether that worked. */
import { create, setText } from "./dom.ts";

const SAID_MS = 1500;

/** Copies `text`; `status` says so, or that the browser refused. */
export async function copyText(text: string, status: HTMLElement): Promise<void> {
  try {
    // The browser refuses this if the page came over plain HTTP from another machine.
    await navigator.clipboard.writeText(text);
    setText(status, "copied");
  } catch {
    setText(status, "not copied: the browser refused");
  }
  setTimeout(() => setText(status, ""), SAID_MS);
}

/** Creates a button that copies `text`. */
export function copyButton(text: string, status: HTMLElement): HTMLButtonElement {
  const button = create("button", "plain", "Copy", create("span", "unseen", ` ${text}`));
  button.type = "button";
  button.addEventListener("click", () => void copyText(text, status));
  return button;
}
