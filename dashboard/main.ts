/// <reference lib="dom" />
/** Starts the page. */
import { h, render } from "preact";
import { App } from "./app.ts";
import { first } from "./first.ts";
import { Store } from "./store.ts";

const store = new Store();
store.start(first);
const root = document.getElementById("root")!;
root.replaceChildren();
render(h(App, { store }), root);
