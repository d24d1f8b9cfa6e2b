/// <reference lib="dom" />
/** Starts the page. */
import { h, render } from "preact";
import { App } from "./app.ts";
import { first } from "./first.ts";
import { Store } from "./store.ts";

/** Most time that the first draw waits for the run: the answer is nearly always here before the modules are. */
const WAIT_MS = 200;

const soon = new Promise<undefined>((resolve) => setTimeout(resolve, WAIT_MS));
const known = first && await Promise.race([first, soon]).catch(() => undefined);
const store = new Store(known);
store.start(first);
const root = document.getElementById("root")!;
root.replaceChildren();
render(h(App, { store }), root);
